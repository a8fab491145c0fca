/** Owns the routes of reports: reporting, deciding, appealing. */
import {
  appealCase,
  createReport,
  decideAppeal,
  decideReport,
  getOwnCase,
  listReports,
} from '../../contract/report.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { Reports } from './service.ts'

interface Deps {
  router: Router
  limits: Limits
  reports: Reports
}

export const mountReportRoutes = ({ router, limits, reports }: Deps): void => {
  const made = limits.create({ name: 'report', points: 30, windowS: 3600 })

  router.on(createReport, async ({ body, caller }) => {
    await made.take(caller.userId)
    await reports.report(body, caller)
    return null
  })
  router.on(listReports, ({ query }) => reports.list(query))
  router.on(decideReport, ({ params, body, caller, address }) =>
    reports.decide(params.id, body, { ...caller, address }),
  )
  router.on(decideAppeal, ({ params, body, caller, address }) =>
    reports.decideAppeal(params.id, body.uphold, { ...caller, address }),
  )
  router.on(getOwnCase, ({ params, caller }) => reports.ownCase(params.id, caller.userId))
  router.on(appealCase, ({ params, body, caller }) => reports.appeal(params.id, caller.userId, body.text))
}
