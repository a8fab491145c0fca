/** Owns the table of the audit log. */
import type { Migration } from '../migrate.ts'
import { col, createIndex, createTable } from '../schema.ts'

export const audit: Migration = {
  id: '0005-audit',
  steps: [
    createTable(
      'audit_entry',
      {
        id: col.id(),
        at_ms: col.bigint(),
        actor_id: col.id({ nullable: true }),
        action: col.text(64),
        subject_kind: col.text(16),
        subject_id: col.text(64, { nullable: true }),
        address: col.text(64, { nullable: true }),
        details: col.json(),
      },
      { primaryKey: ['id'] },
    ),
    createIndex('audit_entry', ['actor_id', 'id']),
    createIndex('audit_entry', ['subject_id', 'id']),
    createIndex('audit_entry', ['action', 'id']),
  ],
}
