/** Owns the row types of reports. */
import type { Decision, ReportKind, ReportReason, ReportState } from '../../contract/report.ts'

export interface ReportCaseTable {
  id: string
  kind: ReportKind
  subject_id: string
  user_id: string
  open_key: string | null
  state: ReportState
  /** JSON of what it looked like. */
  snapshot: string
  reports: number
  decision: Decision | null
  note: string
  days: number | null
  decided_by: string | null
  decided_ms: number | null
  appeal: string | null
  appeal_ms: number | null
  appeal_upheld: number | null
  created_ms: number
}

export interface ReportTable {
  case_id: string
  reporter_id: string
  sort_key: string
  reason: ReportReason
  text: string
  at_ms: number
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    report_case: ReportCaseTable
    report: ReportTable
  }
}
