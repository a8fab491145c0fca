/** Owns the row type of the audit log. Rows are only ever added. */

export interface AuditEntryTable {
  /** Sorts by time. */
  id: string
  at_ms: number
  /** Who did it; null where nobody was signed in or the machine did it. */
  actor_id: string | null
  /** Past tense like an event: `session.revoked`. */
  action: string
  /** What it was done to: `user`, `video`, `report`, … and its id. */
  subject_kind: string
  subject_id: string | null
  /** From which address; null for the machine itself. */
  address: string | null
  /** JSON object of ids and codes; never a secret, a text of somebody or a whole number. */
  details: string
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    audit_entry: AuditEntryTable
  }
}
