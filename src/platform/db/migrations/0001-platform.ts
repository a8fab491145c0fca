/** Owns the tables of platform's own parts: events with their consumers' cursors, and jobs. */
import { col, createIndex, createTable, createUnique } from '../schema.ts'
import type { Migration } from '../migrate.ts'

export const platform: Migration = {
  id: '0001-platform',
  steps: [
    createTable('event', {
      id: col.serial(),
      type: col.text(64),
      payload: col.json(),
      at_ms: col.bigint(),
    }),
    createTable(
      'event_cursor',
      {
        consumer: col.text(64),
        last_id: col.bigint({ default: 0 }),
        updated_ms: col.bigint(),
        /** Who reads for this consumer, until when: one process at a time. */
        holder: col.text(32, { nullable: true }),
        held_until_ms: col.bigint({ default: 0 }),
      },
      { primaryKey: ['consumer'] },
    ),
    createTable(
      'job',
      {
        id: col.id(),
        kind: col.text(64),
        payload: col.json(),
        state: col.text(16),
        /** Held only while the job is alive, so that a second one with the same key is refused. */
        live_key: col.text(190, { nullable: true }),
        key: col.text(190, { nullable: true }),
        /** How often it was claimed: the fence. */
        attempt: col.int({ default: 0 }),
        max_attempts: col.int(),
        /** How often it failed or its worker vanished; a release at shutdown does not count. */
        failures: col.int({ default: 0 }),
        /** When it may be claimed: a queued job's start, a running job's end of lease. */
        due_ms: col.bigint(),
        progress: col.real({ default: 0 }),
        note: col.text(200, { nullable: true }),
        error_code: col.text(64, { nullable: true }),
        error_text: col.text(1000, { nullable: true }),
        cancel_asked: col.bool({ default: 0 }),
        created_ms: col.bigint(),
        updated_ms: col.bigint(),
      },
      { primaryKey: ['id'] },
    ),
    createUnique('job', ['kind', 'live_key']),
    createIndex('job', ['state', 'kind', 'due_ms']),
    createIndex('job', ['state', 'id']),
    createIndex('job', ['kind', 'key', 'id']),
  ],
}
