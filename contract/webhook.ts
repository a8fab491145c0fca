/** Owns webhooks: what of one's own is told to which address, signed, and what became of each delivery. */
import { z } from 'zod'
import { apiPrefix, empty, id, idParams, nothing, page, pageQuery, time } from './common.ts'
import { endpoint } from './endpoint.ts'

const tag = 'webhook'
const path = (rest: string) => `${apiPrefix}/me/webhooks${rest}`

export const webhookEvent = z.enum([
  'video.ready',
  'video.failed',
  'video.published',
  'video.deleted',
  'video.liked',
  'video.coined',
  'comment.created',
  'user.followed',
  'live.started',
  'live.ended',
])
export type WebhookEvent = z.infer<typeof webhookEvent>
export const maxWebhooks = 10
/** Deliveries in a row that failed and so switch a webhook off. */
export const mostFailures = 20

export const webhook = z.object({
  id,
  url: z.string(),
  events: z.array(webhookEvent),
  /** False when it was switched off: by its owner, after `mostFailures`, or since its address answered 410. */
  active: z.boolean(),
  /** Deliveries in a row that failed. */
  failures: z.number().int(),
  create_time: time,
})
export type Webhook = z.infer<typeof webhook>

const address = z.string().min(1).max(500)
const events = z.array(webhookEvent).min(1).max(20)

export const listWebhooks = endpoint({
  method: 'GET',
  path: path(''),
  tag,
  summary: 'My webhooks',
  access: 'user',
  data: z.object({ items: z.array(webhook) }),
})

/**
 * Each delivery is a POST of JSON `{id, event, time, data}`. Its header `Vireo-Signature: t=<seconds>,v1=<hex>` holds
 * HMAC-SHA256 by the secret over `<seconds>.<body>`.
 */
export const createWebhook = endpoint({
  method: 'POST',
  path: path(''),
  tag,
  summary: 'Tell an https address what happens to what is mine; the secret that signs is shown once',
  access: 'user',
  body: z.strictObject({ url: address, events }),
  data: webhook.extend({ secret: z.string() }),
  errors: ['webhook_refused', 'too_many'],
})

export const patchWebhook = endpoint({
  method: 'PATCH',
  path: path('/{id}'),
  tag,
  summary: 'Change a webhook, or switch it off and on',
  access: 'user',
  params: idParams,
  body: z.strictObject({
    url: address.optional(),
    events: events.optional(),
    active: z.boolean().optional(),
  }),
  data: webhook,
  errors: ['not_found', 'webhook_refused'],
})

export const deleteWebhook = endpoint({
  method: 'DELETE',
  path: path('/{id}'),
  tag,
  summary: 'Delete a webhook and its log',
  access: 'user',
  params: idParams,
  data: nothing,
  errors: ['not_found'],
})

export const pingWebhook = endpoint({
  method: 'POST',
  path: path('/{id}/ping'),
  tag,
  summary: 'Send a delivery to try it',
  access: 'user',
  params: idParams,
  body: empty.optional(),
  data: nothing,
  errors: ['not_found'],
})

export const delivery = z.object({
  id,
  event: z.string(),
  state: z.enum(['waiting', 'delivered', 'failed']),
  attempts: z.number().int(),
  /** What the address answered last. */
  status: z.number().int().nullable(),
  error: z.string().nullable(),
  create_time: time,
  end_time: time.nullable(),
})
export type Delivery = z.infer<typeof delivery>

export const listDeliveries = endpoint({
  method: 'GET',
  path: path('/{id}/deliveries'),
  tag,
  summary: 'What was sent in the last 14 days, the latest first',
  access: 'user',
  params: idParams,
  query: pageQuery,
  data: page(delivery),
  errors: ['not_found', 'cursor_invalid'],
})

export const retryDelivery = endpoint({
  method: 'POST',
  path: path('/{id}/deliveries/{delivery}/retry'),
  tag,
  summary: 'Send a delivery that failed once more',
  access: 'user',
  params: z.strictObject({ id, delivery: id }),
  body: empty.optional(),
  data: nothing,
  errors: ['not_found', 'conflict'],
})
