/** Owns the routes by which the site says what it is and is set up for the first time. */
import { getSite, setup as setupEndpoint } from '../../contract/site.ts'
import type { Site } from '../../contract/site.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { AnswerSession } from '../passport/index.ts'
import type { Setup } from './setup.ts'

interface Deps {
  router: Router
  setup: Setup
  limits: Limits
  describeSite: () => Promise<Site>
  answerSession: AnswerSession
}

export const mountSiteRoutes = ({ router, setup, limits, describeSite, answerSession }: Deps): void => {
  const attempts = limits.create({ name: 'setup', points: 10, windowS: 600 })

  router.on(getSite, () => describeSite())

  router.on(setupEndpoint, async ({ body, address, request, reply }) => {
    await attempts.take(address)
    const device = (request.headers['user-agent'] ?? '').slice(0, 200)
    return answerSession(await setup.redeem(body, { device, address }), request, reply)
  })
}
