/** Reports: what people point out to the moderators, what is decided, and the appeal against it. */
import './tables.ts'

export { mountReportRoutes } from './routes.ts'
export { createReports } from './service.ts'
export type { Subject } from './service.ts'
