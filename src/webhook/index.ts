/** Webhooks: what happens to what is somebody's, told to an address of theirs, signed, tried again, and logged. */
import './tables.ts'
import { createWebhookService } from './service.ts'
import type { WebhookDeps, Webhooks } from './service.ts'

export { mountWebhookRoutes } from './routes.ts'

/** `isWorker`: deliveries are made by this process. */
export const createWebhooks = async (
  deps: WebhookDeps & { isWorker: boolean; firstBackoffMs?: number },
): Promise<Webhooks> => {
  const service = createWebhookService(deps)
  await service.follow()
  if (deps.isWorker)
    service.work(deps.firstBackoffMs === undefined ? {} : { firstBackoffMs: deps.firstBackoffMs })
  await deps.events.consume('webhook.leavers', ['user.deleted'], ({ payload }) =>
    service.removeAllOf(payload.user_id),
  )
  return service
}
