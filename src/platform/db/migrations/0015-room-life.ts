/** Owns the tables of gifts, likes, announced broadcasts and raids. */
import type { Migration } from '../migrate.ts'
import { col, createIndex, createTable, createUnique } from '../schema.ts'

export const roomLife: Migration = {
  id: '0015-room-life',
  steps: [
    createTable(
      'gift',
      {
        id: col.id(),
        session_id: col.publicId(),
        owner_id: col.id(),
        user_id: col.id(),
        gift: col.text(16),
        count: col.int(),
        combo: col.int(),
        coins: col.int(),
        client_id: col.text(36),
        sent_ms: col.bigint(),
      },
      { primaryKey: ['id'] },
    ),
    createUnique('gift', ['user_id', 'client_id']),
    createIndex('gift', ['session_id', 'id']),
    createTable(
      'gift_total',
      {
        /** A live session's id, or the owner's for all time. */
        scope: col.text(26),
        user_id: col.id(),
        coins: col.bigint({ default: 0 }),
        /** The last gift in a session, how many of it in a row, and when. */
        combo_gift: col.text(16, { default: '' }),
        combo: col.int({ default: 0 }),
        combo_ms: col.bigint({ default: 0 }),
      },
      { primaryKey: ['scope', 'user_id'] },
    ),
    createIndex('gift_total', ['scope', 'coins', 'user_id']),
    createTable(
      'live_counter',
      {
        session_id: col.publicId(),
        likes: col.bigint({ default: 0 }),
        gift_coins: col.bigint({ default: 0 }),
      },
      { primaryKey: ['session_id'] },
    ),
    createTable(
      'schedule',
      {
        id: col.publicId(),
        owner_id: col.id(),
        room_id: col.publicId(),
        title: col.text(80),
        starts_ms: col.bigint(),
        state: col.text(16),
        /** Counts up with each change of its time: reminders that were sent for an earlier time are due again. */
        round: col.int({ default: 0 }),
        /** What is being told to those who asked; null when all know. */
        telling: col.text(16, { nullable: true }),
        reminders: col.int({ default: 0 }),
      },
      { primaryKey: ['id'] },
    ),
    createIndex('schedule', ['owner_id', 'state', 'starts_ms']),
    createIndex('schedule', ['state', 'starts_ms']),
    createIndex('schedule', ['telling']),
    createTable(
      'schedule_reminder',
      {
        schedule_id: col.publicId(),
        user_id: col.id(),
        /** The last that was told: round and what, as `0 soon`. */
        told: col.text(24, { default: '' }),
      },
      { primaryKey: ['schedule_id', 'user_id'] },
    ),
    createIndex('schedule_reminder', ['user_id']),
    createTable(
      'raid',
      {
        id: col.publicId(),
        from_owner_id: col.id(),
        to_owner_id: col.id(),
        session_id: col.publicId(),
        ends_session: col.bool(),
        go_ms: col.bigint(),
        viewers: col.int({ default: 0 }),
        stays: col.int({ default: 0 }),
        state: col.text(16),
        /** The owner's id while it counts down, else null: one at a time. */
        running_key: col.text(26, { nullable: true }),
      },
      { primaryKey: ['id'] },
    ),
    createUnique('raid', ['running_key']),
    createIndex('raid', ['state', 'go_ms']),
  ],
}
