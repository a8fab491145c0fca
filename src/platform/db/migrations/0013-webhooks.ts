/** Owns the tables of webhooks and of what became of each delivery. */
import type { Migration } from '../migrate.ts'
import { col, createIndex, createTable, createUnique } from '../schema.ts'

export const webhooks: Migration = {
  id: '0013-webhooks',
  steps: [
    createTable(
      'webhook',
      {
        id: col.id(),
        owner_id: col.id(),
        url: col.text(500),
        events: col.text(500),
        active: col.bool({ default: 1 }),
        failures: col.int({ default: 0 }),
        created_ms: col.bigint(),
      },
      { primaryKey: ['id'] },
    ),
    createIndex('webhook', ['owner_id', 'id']),
    createTable(
      'webhook_delivery',
      {
        id: col.id(),
        webhook_id: col.id(),
        /** The event that it tells of; null for a try. */
        event_id: col.bigint({ nullable: true }),
        event: col.text(32),
        body: col.text(4000),
        state: col.text(12),
        attempts: col.int({ default: 0 }),
        status: col.int({ nullable: true }),
        error: col.text(200, { nullable: true }),
        ended_ms: col.bigint({ nullable: true }),
        created_ms: col.bigint(),
      },
      { primaryKey: ['id'] },
    ),
    createUnique('webhook_delivery', ['webhook_id', 'event_id']),
    createIndex('webhook_delivery', ['webhook_id', 'id']),
  ],
}
