/** Owns the tables of rooms, live sessions, mutes and danmaku. */
import type { EngineName } from '../engine.ts'
import type { Migration } from '../migrate.ts'
import { col, createIndex, createTable, createUnique } from '../schema.ts'
import type { Ddl } from '../schema.ts'

/** Rows lie in the order of the primary key: InnoDB does so anyway, SQLite when it is told to. */
const clustered =
  (table: Ddl): Ddl =>
  (engine: EngineName) =>
    engine === 'sqlite' ? `${table(engine)}, WITHOUT ROWID` : table(engine)

export const live: Migration = {
  id: '0004-live',
  steps: [
    createTable(
      'room',
      {
        user_id: col.id(),
        room_id: col.publicId(),
        title: col.text(200),
        category: col.text(32),
        announcement: col.text(2000, { default: '' }),
        replay: col.text(16),
        cover_key: col.text(190, { nullable: true }),
        stream_key_hash: col.text(43, { nullable: true }),
        created_ms: col.bigint(),
      },
      { primaryKey: ['user_id'] },
    ),
    createUnique('room', ['stream_key_hash']),
    createTable(
      'live_session',
      {
        /** Random: it names the recording and the timeline and stands in addresses. */
        id: col.publicId(),
        /** Sorts by time of making. */
        sort_key: col.id(),
        user_id: col.id(),
        room_id: col.publicId(),
        title: col.text(200),
        category: col.text(32),
        replay: col.text(16),
        state: col.text(16),
        /** 1 while live or reconnecting: what the list of live rooms shows. */
        on_air: col.bool({ default: 0 }),
        /** The user's id while this session may go on, else null: one per user. */
        running_key: col.text(26, { nullable: true }),
        recorded: col.bool(),
        created_ms: col.bigint(),
        started_ms: col.bigint({ nullable: true }),
        /** Since when nobody publishes; null while somebody does. */
        left_ms: col.bigint({ nullable: true }),
        ended_ms: col.bigint({ nullable: true }),
        media_ms: col.bigint({ default: 0 }),
        viewers: col.int({ default: 0 }),
        peak_viewers: col.int({ default: 0 }),
        video_id: col.text(26, { nullable: true }),
        cover_key: col.text(190, { nullable: true }),
        /** When its recording is deleted; null where a replay keeps it, or where it is gone. */
        recording_due_ms: col.bigint({ nullable: true }),
      },
      { primaryKey: ['id'] },
    ),
    createUnique('live_session', ['running_key']),
    createIndex('live_session', ['user_id', 'sort_key']),
    createIndex('live_session', ['on_air', 'viewers', 'sort_key']),
    createIndex('live_session', ['on_air', 'category', 'viewers', 'sort_key']),
    createIndex('live_session', ['on_air', 'sort_key']),
    createIndex('live_session', ['on_air', 'category', 'sort_key']),
    createIndex('live_session', ['state', 'left_ms']),
    createIndex('live_session', ['recording_due_ms']),
    createTable(
      'room_mute',
      { owner_id: col.id(), user_id: col.id(), until_ms: col.bigint(), by_id: col.id() },
      { primaryKey: ['owner_id', 'user_id'] },
    ),
    clustered(
      createTable(
        'danmaku',
        {
          timeline_id: col.text(26),
          media_ms: col.bigint(),
          id: col.id(),
          user_id: col.id(),
          owner_id: col.id(),
          text: col.text(100),
          color: col.int(),
          mode: col.int(),
          size: col.int(),
          sent_ms: col.bigint(),
        },
        { primaryKey: ['timeline_id', 'media_ms', 'id'] },
      ),
    ),
    createUnique('danmaku', ['id']),
  ],
}
