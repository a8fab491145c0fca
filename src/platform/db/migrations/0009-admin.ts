/** Owns what administration adds: bans with an end, keys to find people by, take-downs, closed rooms, settings. */
import type { Migration } from '../migrate.ts'
import { addColumn, col, createIndex, createTable } from '../schema.ts'

export const admin: Migration = {
  id: '0009-admin',
  steps: [
    addColumn('user', 'nickname_key', col.text(60, { default: '' })),
    addColumn('user', 'ban_until_ms', col.bigint({ nullable: true })),
    addColumn('user', 'ban_reason', col.text(200, { default: '' })),
    createIndex('user', ['nickname_key', 'id']),
    createIndex('user', ['role', 'id']),
    createIndex('user', ['banned_ms', 'id']),
    {
      change: async (db) => {
        for (let after = ''; ;) {
          const rows = await db
            .selectFrom('user')
            .select(['id', 'nickname'])
            .where('id', '>', after)
            .orderBy('id')
            .limit(500)
            .execute()
          for (const { id, nickname } of rows) {
            const key = nickname.toLowerCase().slice(0, 60)
            await db.updateTable('user').set({ nickname_key: key }).where('id', '=', id).execute()
          }
          const last = rows.at(-1)
          if (last === undefined) return
          after = last.id
        }
      },
    },
    addColumn('account', 'mobile_tail', col.text(4, { default: '' })),
    createIndex('account', ['mobile_tail', 'user_id']),
    {
      change: async (db) => {
        for (let after = ''; ;) {
          const rows = await db
            .selectFrom('account')
            .select(['user_id', 'mobile'])
            .where('user_id', '>', after)
            .orderBy('user_id')
            .limit(500)
            .execute()
          for (const { user_id: id, mobile } of rows) {
            const tail = mobile?.slice(-4) ?? ''
            await db.updateTable('account').set({ mobile_tail: tail }).where('user_id', '=', id).execute()
          }
          const last = rows.at(-1)
          if (last === undefined) return
          after = last.user_id
        }
      },
    },
    addColumn('video', 'taken_down', col.bool({ default: 0 })),
    addColumn('video', 'taken_down_reason', col.text(200, { default: '' })),
    createIndex('video', ['state', 'id']),
    createIndex('video', ['taken_down', 'id']),
    createIndex('video', ['trashed', 'id']),
    createIndex('video', ['owner_id', 'id']),
    createIndex('video', ['title', 'id']),
    addColumn('room', 'closed', col.bool({ default: 0 })),
    addColumn('room', 'closed_reason', col.text(200, { default: '' })),
    createIndex('room', ['closed', 'user_id']),
    createTable(
      'site_setting',
      { name: col.text(64), value: col.longText(), changed_ms: col.bigint() },
      { primaryKey: ['name'] },
    ),
  ],
}
