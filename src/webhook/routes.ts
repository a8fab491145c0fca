/** Owns the routes of webhooks. */
import * as contract from '../../contract/webhook.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { Webhooks } from './service.ts'

export const mountWebhookRoutes = (deps: { router: Router; webhooks: Webhooks; limits: Limits }): void => {
  const { router, webhooks, limits } = deps
  const changes = limits.create({ name: 'webhook_change', points: 60, windowS: 3600 })

  router.on(contract.listWebhooks, async ({ caller }) => ({ items: await webhooks.list(caller.userId) }))
  router.on(contract.createWebhook, async ({ body, caller }) => {
    await changes.take(caller.userId)
    return webhooks.create(caller.userId, body)
  })
  router.on(contract.patchWebhook, async ({ params, body, caller }) => {
    await changes.take(caller.userId)
    return webhooks.change(params.id, caller.userId, body)
  })
  router.on(contract.deleteWebhook, async ({ params, caller }) => {
    await webhooks.remove(params.id, caller.userId)
    return null
  })
  router.on(contract.pingWebhook, async ({ params, caller }) => {
    await changes.take(caller.userId)
    await webhooks.ping(params.id, caller.userId)
    return null
  })
  router.on(contract.listDeliveries, ({ params, query, caller }) =>
    webhooks.deliveries(params.id, caller.userId, query),
  )
  router.on(contract.retryDelivery, async ({ params, caller }) => {
    await changes.take(caller.userId)
    await webhooks.retry(params.id, params.delivery, caller.userId)
    return null
  })
}
