/** Owns the table of clips, and who may make them in a room. */
import type { Migration } from '../migrate.ts'
import { addColumn, col, createIndex, createTable } from '../schema.ts'

export const clip: Migration = {
  id: '0017-clip',
  steps: [
    createTable(
      'clip',
      {
        /** Names its recording and its timeline, as a live session's id names a replay's. */
        id: col.publicId(),
        session_id: col.publicId(),
        room_id: col.publicId(),
        author_id: col.id(),
        from_ms: col.bigint(),
        to_ms: col.bigint(),
        created_ms: col.bigint(),
      },
      { primaryKey: ['id'] },
    ),
    createIndex('clip', ['session_id', 'created_ms']),
    addColumn('room', 'clips', col.text(16, { default: 'everyone' })),
  ],
}
