/** Owns all SQL on reports and cases. A case moves only from the state it is expected in. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { ReportState } from '../../contract/report.ts'
import type { Queries, Transaction } from '../platform/db/db.ts'
import { insertIfAbsent } from '../platform/db/portable.ts'
import type { ReportCaseTable, ReportTable } from './tables.ts'

export type CaseRow = Selectable<ReportCaseTable>
export type ReportRow = Selectable<ReportTable>

/** False where the subject has an open case. */
export const insertCase = (trx: Transaction, row: CaseRow): Promise<boolean> =>
  insertIfAbsent(trx, 'report_case', row, 'uq_report_case_open_key')

export const findOpenCase = (q: Queries, openKey: string): Promise<CaseRow | undefined> =>
  q.selectFrom('report_case').selectAll().where('open_key', '=', openKey).executeTakeFirst()

export const findCase = (q: Queries, id: string): Promise<CaseRow | undefined> =>
  q.selectFrom('report_case').selectAll().where('id', '=', id).executeTakeFirst()

/** False where this reporter has reported it already. */
export const insertReport = (trx: Transaction, row: ReportRow): Promise<boolean> =>
  insertIfAbsent(trx, 'report', row)

export const countReport = async (trx: Transaction, caseId: string): Promise<void> => {
  await trx
    .updateTable('report_case')
    .set({ reports: sql`${sql.ref('reports')} + 1` })
    .where('id', '=', caseId)
    .execute()
}

/** True for one of several callers. */
export const moveCase = async (
  trx: Transaction,
  id: string,
  from: ReportState,
  change: Partial<CaseRow>,
): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('report_case')
    .set(change)
    .where('id', '=', id)
    .where('state', '=', from)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const casesQuery = (
  q: Queries,
  state: ReportState,
  page: { order: 'asc' | 'desc'; after: string | undefined; limit: number },
) => {
  let rows = q.selectFrom('report_case').selectAll().where('state', '=', state)
  if (page.after !== undefined) rows = rows.where('id', page.order === 'asc' ? '>' : '<', page.after)
  return rows.orderBy('id', page.order).limit(page.limit)
}

/** The first of one case, in the order they came. */
export const reportsQuery = (q: Queries, caseId: string, limit: number) =>
  q.selectFrom('report').selectAll().where('case_id', '=', caseId).orderBy('sort_key').limit(limit)

/** The first of each case, in one statement. */
export const firstReports = async (
  q: Queries,
  caseIds: readonly string[],
  limit: number,
): Promise<ReportRow[]> => {
  if (caseIds.length === 0) return []
  const members = caseIds.map(
    (id, index) => sql`select * from (${reportsQuery(q, id, limit)}) as ${sql.raw(`part${index}`)}`,
  )
  return (await sql<ReportRow>`${sql.join(members, sql` union all `)}`.execute(q)).rows
}
