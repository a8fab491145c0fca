/** Owns the tables of what a room is connected to: destinations elsewhere and the overlay. */
import type { Migration } from '../migrate.ts'
import { col, createIndex, createTable, createUnique } from '../schema.ts'

export const roomLinks: Migration = {
  id: '0016-room-links',
  steps: [
    createTable(
      'destination',
      {
        id: col.publicId(),
        owner_id: col.id(),
        name: col.text(40),
        url: col.text(500),
        /** Sealed; read only by who sends. */
        stream_key: col.text(1000),
        enabled: col.bool(),
        state: col.text(16),
        problem: col.text(32, { nullable: true }),
        since_ms: col.bigint(),
        retry_ms: col.bigint({ nullable: true }),
        failures: col.int({ default: 0 }),
        /** Changes with address, key and switch: whoever sends by an older one stops. */
        version: col.int({ default: 0 }),
        /** The process that sends, and until when nobody else may. */
        sender: col.text(32, { nullable: true }),
        sender_until_ms: col.bigint({ default: 0 }),
      },
      { primaryKey: ['id'] },
    ),
    createIndex('destination', ['owner_id', 'id']),
    createIndex('destination', ['enabled', 'owner_id']),
    createTable(
      'room_overlay',
      {
        owner_id: col.id(),
        /** SHA-256 of the secret. Unique. */
        secret_hash: col.text(43),
        sealed: col.text(200),
      },
      { primaryKey: ['owner_id'] },
    ),
    createUnique('room_overlay', ['secret_hash']),
  ],
}
