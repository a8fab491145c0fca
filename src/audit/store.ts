/** Owns all SQL on the audit log: adding and reading, nothing else. */
import type { Selectable } from 'kysely'
import { seek } from '../platform/db/cursor.ts'
import type { Queries } from '../platform/db/db.ts'
import type { AuditEntryTable } from './tables.ts'

export type AuditRow = Selectable<AuditEntryTable>

/** At most one of these; each has its index. */
export type AuditFilter = { actor_id: string } | { subject_id: string } | { action: string } | undefined

export const insertEntry = async (q: Queries, row: AuditRow): Promise<void> => {
  await q.insertInto('audit_entry').values(row).execute()
}

/** Newest first, after the entry `afterId`. */
export const entriesQuery = (
  db: Queries,
  filter: AuditFilter,
  page: { limit: number; afterId?: string | undefined },
) => {
  let rows = db.selectFrom('audit_entry').selectAll()
  for (const [column, value] of Object.entries(filter ?? {}) as ['actor_id', string][])
    rows = rows.where(column, '=', value)
  if (page.afterId !== undefined) rows = rows.where(seek([['id', 'desc', page.afterId]]))
  return rows.orderBy('id', 'desc').limit(page.limit)
}
