/** Owns how cases look to moderators, and to the one concerned. */
import type { OwnCase, ReportCase } from '../../contract/report.ts'
import type { Author } from '../../contract/user.ts'
import { isoTime } from '../user/index.ts'
import type { CaseRow, ReportRow } from './store.ts'

const decisionOf = (row: CaseRow) =>
  row.decision === null || row.decided_ms === null
    ? null
    : { decision: row.decision, note: row.note, days: row.days, time: isoTime(row.decided_ms) }

export const toOwnCase = (row: CaseRow): OwnCase => ({
  id: row.id,
  kind: row.kind,
  subject_id: row.subject_id,
  state: row.state,
  snapshot: JSON.parse(row.snapshot) as ReportCase['snapshot'],
  decision: decisionOf(row),
  appeal:
    row.appeal === null
      ? null
      : {
          text: row.appeal,
          time: isoTime(row.appeal_ms ?? 0),
          upheld: row.appeal_upheld === null ? null : row.appeal_upheld === 1,
        },
  create_time: isoTime(row.created_ms),
})

export const toCase = (
  row: CaseRow,
  reports: readonly ReportRow[],
  authors: ReadonlyMap<string, Author>,
): ReportCase => {
  const decision = decisionOf(row)
  return {
    ...toOwnCase(row),
    user: authors.get(row.user_id) ?? null,
    count: row.reports,
    reports: reports.map(({ reason, text, reporter_id: reporterId, at_ms: atMs }) => ({
      reason,
      text,
      reporter: authors.get(reporterId) ?? null,
      time: isoTime(atMs),
    })),
    decision: decision && { ...decision, by: authors.get(row.decided_by ?? '') ?? null },
  }
}
