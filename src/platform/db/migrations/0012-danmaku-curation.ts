/** Owns what authors do with danmaku: lock a timeline, protect some; and how dense each stretch of a timeline is. */
import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'
import { addColumn, col, createTable } from '../schema.ts'

export const danmakuCuration: Migration = {
  id: '0012-danmaku-curation',
  steps: [
    addColumn('danmaku', 'protected', col.bool({ default: 0 })),
    createTable(
      'danmaku_protected',
      { timeline_id: col.text(64), media_ms: col.bigint(), id: col.id() },
      { primaryKey: ['timeline_id', 'media_ms', 'id'] },
    ),
    createTable(
      'danmaku_lock',
      { timeline_id: col.text(64), by_id: col.id(), locked_ms: col.bigint() },
      { primaryKey: ['timeline_id'] },
    ),
    createTable(
      'danmaku_density',
      { timeline_id: col.text(64), slot_ms: col.bigint(), said: col.int({ default: 0 }) },
      { primaryKey: ['timeline_id', 'slot_ms'] },
    ),
    {
      change: async (db) => {
        await sql`insert into ${sql.table('danmaku_density')} (timeline_id, slot_ms, said)
          select timeline_id, media_ms - (media_ms % 5000), count(*) from ${sql.table('danmaku')}
          group by timeline_id, media_ms - (media_ms % 5000)`.execute(db)
      },
    },
  ],
}
