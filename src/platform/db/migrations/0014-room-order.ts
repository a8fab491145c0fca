/** Owns the tables of order in a room: moderators, rules, the pinned message; and finding what one user wrote. */
import type { Migration } from '../migrate.ts'
import { col, createIndex, createTable } from '../schema.ts'

export const roomOrder: Migration = {
  id: '0014-room-order',
  steps: [
    createTable(
      'room_moderator',
      { owner_id: col.id(), user_id: col.id(), created_ms: col.bigint() },
      { primaryKey: ['owner_id', 'user_id'] },
    ),
    createIndex('room_moderator', ['user_id']),
    createTable(
      'room_rules',
      {
        owner_id: col.id(),
        slow_s: col.int({ default: 0 }),
        followers_min: col.int({ nullable: true }),
        /** JSON: a list of refused words. */
        words: col.json(),
      },
      { primaryKey: ['owner_id'] },
    ),
    createTable(
      'room_pin',
      {
        owner_id: col.id(),
        text: col.text(200),
        user_id: col.id(),
        at_ms: col.bigint(),
        /** Of the message that was pinned: it goes with it. */
        danmaku_id: col.id({ nullable: true }),
      },
      { primaryKey: ['owner_id'] },
    ),
    createIndex('danmaku', ['timeline_id', 'user_id']),
  ],
}
