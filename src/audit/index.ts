/** The audit log: what was done to accounts and by those who run the site; added to, never changed. */
import './tables.ts'

export { createAudit } from './audit.ts'
export type { Audit, AuditNews } from './audit.ts'
export type { AuditFilter, AuditRow } from './store.ts'
