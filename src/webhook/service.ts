/** Owns the use cases of webhooks: whose they are, what is told to them, trying again, and giving up. */
import { createHmac } from 'node:crypto'
import type { EventOf } from '../../contract/events.ts'
import type { Delivery, Webhook, WebhookEvent } from '../../contract/webhook.ts'
import { maxWebhooks, mostFailures, webhookEvent } from '../../contract/webhook.ts'
import type { Secret } from '../config/secrets.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Events } from '../platform/events/events.ts'
import { idsFrom, sortableId } from '../platform/ids/ids.ts'
import type { JobHandler, Jobs } from '../platform/jobs/jobs.ts'
import { isoTime } from '../user/index.ts'
import type { VideoService } from '../video/index.ts'
import type { FeedFeature } from '../feed/index.ts'
import { NotDelivered, postSigned, readTarget } from './post.ts'
import * as store from './store.ts'

export interface WebhookDeps {
  db: Db
  clock: Clock
  jobs: Jobs
  events: Events
  videos: Pick<VideoService, 'ownerOf'>
  posts: Pick<FeedFeature['posts'], 'ownerOf'>
  key: Secret
  cursorSecret: Uint8Array
  /** Addresses of private networks too, and without TLS. */
  allowPrivate: boolean
}

const deliverKind = 'webhook.deliver'
const attempts = 8
const keptMs = 14 * 24 * 3600_000

export type Webhooks = ReturnType<typeof createWebhookService>

export const createWebhookService = (deps: WebhookDeps) => {
  const { db, clock, jobs, events, videos, posts, key, cursorSecret, allowPrivate } = deps

  const secretOf = (id: string): string =>
    `whsec_${createHmac('sha256', key.reveal()).update(id).digest('base64url')}`

  const toWebhook = (row: store.WebhookRow): Webhook => ({
    id: row.id,
    url: row.url,
    events: JSON.parse(row.events) as WebhookEvent[],
    active: row.active === 1,
    failures: row.failures,
    create_time: isoTime(row.created_ms),
  })

  /** Throws `not_found`. */
  const owned = async (id: string, ownerId: string): Promise<store.WebhookRow> => {
    const row = await store.findHook(db, id)
    if (row?.owner_id !== ownerId) throw new AppError('not_found')
    return row
  }
  const assertTarget = (url: string): void => {
    if (readTarget(url, allowPrivate) === undefined) throw new AppError('webhook_refused')
  }

  const enqueue = (trx: Transaction, deliveryId: string): Promise<unknown> =>
    jobs.enqueue(trx, {
      kind: deliverKind,
      key: deliveryId,
      payload: { delivery_id: deliveryId },
      maxAttempts: attempts,
    })

  const send = async (
    trx: Transaction,
    hook: store.WebhookRow,
    what: { event: string; eventId: number | null; atMs: number; data: unknown },
  ): Promise<void> => {
    const nowMs = clock.now()
    const id = sortableId(nowMs)
    const body = JSON.stringify({ id, event: what.event, time: isoTime(what.atMs), data: what.data })
    const isNew = await store.insertDelivery(trx, {
      ...{ id, webhook_id: hook.id, event_id: what.eventId, event: what.event, body, state: 'waiting' },
      ...{ attempts: 0, status: null, error: null, ended_ms: null, created_ms: nowMs },
    })
    if (!isNew) return
    await enqueue(trx, id)
    await store.forgetDeliveries(trx, hook.id, idsFrom(nowMs - keptMs))
  }

  const ownerOf = async (event: EventOf<WebhookEvent>): Promise<string | undefined> => {
    const { payload } = event
    if ('owner_id' in payload) return payload.owner_id
    if ('mentioned_ids' in payload) {
      if (payload.video_id !== null) return videos.ownerOf(payload.video_id)
      return payload.post_id === null ? undefined : posts.ownerOf(payload.post_id)
    }
    return 'user_id' in payload ? payload.user_id : undefined
  }

  const tell = async (event: EventOf<WebhookEvent>): Promise<void> => {
    const ownerId = await ownerOf(event)
    if (ownerId === undefined) return
    const hooks = await store.hooksQuery(db, ownerId, maxWebhooks).execute()
    for (const hook of hooks) {
      if (hook.active === 0 || !toWebhook(hook).events.includes(event.type)) continue
      await db.transaction((trx) =>
        send(trx, hook, { event: event.type, eventId: event.id, atMs: event.atMs, data: event.payload }),
      )
    }
  }

  const deliver: JobHandler = async (context) => {
    const { delivery_id: id } = context.job.payload as { delivery_id: string }
    const delivery = await store.findDelivery(db, id)
    const hook = delivery && (await store.findHook(db, delivery.webhook_id))
    if (delivery?.state !== 'waiting' || hook === undefined) return
    const count = { attempts: delivery.attempts + 1 }
    try {
      const status = await postSigned({
        url: hook.url,
        body: delivery.body,
        secret: secretOf(hook.id),
        headers: { 'vireo-event': delivery.event, 'vireo-delivery': delivery.id },
        nowMs: clock.now(),
        allowPrivate,
        signal: context.signal,
      })
      await db.transaction(async (trx) => {
        const end = { state: 'delivered' as const, status, error: null, ended_ms: clock.now() }
        await store.updateDelivery(trx, id, { ...count, ...end })
        await store.updateHook(trx, hook.id, { failures: 0 })
      })
    } catch (error) {
      context.signal.throwIfAborted()
      if (!(error instanceof NotDelivered)) throw error
      // Gone for good is gone.
      const isLast = context.job.failures + 1 >= context.job.maxAttempts || error.status === 410
      await db.transaction(async (trx) => {
        const said = { status: error.status ?? null, error: error.message.slice(0, 200) }
        const end = isLast ? { state: 'failed' as const, ended_ms: clock.now() } : {}
        await store.updateDelivery(trx, id, { ...count, ...said, ...end })
        if (isLast) await store.countFailure(trx, hook.id, error.status === 410 ? 1 : mostFailures)
      })
      if (!isLast) throw error
    }
  }

  return {
    /** Tells what happens from now on. */
    follow: (): Promise<void> => events.consume('webhook.news', webhookEvent.options, tell),
    work: (options: { firstBackoffMs?: number } = {}): void =>
      jobs.work(deliverKind, deliver, { concurrency: 4, firstBackoffMs: options.firstBackoffMs ?? 5000 }),

    list: async (ownerId: string): Promise<Webhook[]> =>
      (await store.hooksQuery(db, ownerId, maxWebhooks).execute()).map(toWebhook),

    /** Throws `webhook_refused`, `too_many`. */
    async create(ownerId: string, given: { url: string; events: readonly WebhookEvent[] }) {
      assertTarget(given.url)
      const nowMs = clock.now()
      const row: store.WebhookRow = {
        ...{ id: sortableId(nowMs), owner_id: ownerId, url: given.url, active: 1, failures: 0 },
        ...{ events: JSON.stringify([...new Set(given.events)]), created_ms: nowMs },
      }
      await db.transaction(async (trx) => {
        const there = await store.hooksQuery(trx, ownerId, maxWebhooks).execute()
        if (there.length >= maxWebhooks) throw new AppError('too_many')
        await store.insertHook(trx, row)
      })
      return { ...toWebhook(row), secret: secretOf(row.id) }
    },

    async change(
      id: string,
      ownerId: string,
      given: {
        url?: string | undefined
        events?: readonly WebhookEvent[] | undefined
        active?: boolean | undefined
      },
    ): Promise<Webhook> {
      await owned(id, ownerId)
      if (given.url !== undefined) assertTarget(given.url)
      await store.updateHook(db, id, {
        ...(given.url !== undefined && { url: given.url }),
        ...(given.events !== undefined && { events: JSON.stringify([...new Set(given.events)]) }),
        ...(given.active !== undefined && { active: given.active ? 1 : 0, failures: 0 }),
      })
      return toWebhook(await owned(id, ownerId))
    },

    async remove(id: string, ownerId: string): Promise<void> {
      await owned(id, ownerId)
      await db.transaction((trx) => store.deleteHook(trx, id))
    },

    async ping(id: string, ownerId: string): Promise<void> {
      const hook = await owned(id, ownerId)
      const what = { event: 'ping', eventId: null, atMs: clock.now(), data: { webhook_id: id } }
      await db.transaction((trx) => send(trx, hook, what))
    },

    async deliveries(id: string, ownerId: string, page: { limit: number; cursor?: string | undefined }) {
      await owned(id, ownerId)
      const name = `deliveries:${id}`
      const [afterId] =
        page.cursor === undefined ? [] : decodeCursor(name, page.cursor, cursorSecret, ['string'])
      const rows = await store.deliveriesQuery(db, id, { afterId, limit: page.limit + 1 }).execute()
      const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
        encodeCursor(name, [last.id], cursorSecret),
      )
      return { items: items.map(toDelivery), next_cursor: nextCursor }
    },

    /** Throws `not_found`, `conflict` where it has not failed. */
    async retry(id: string, deliveryId: string, ownerId: string): Promise<void> {
      await owned(id, ownerId)
      await db.transaction(async (trx) => {
        const delivery = await store.findDelivery(trx, deliveryId)
        if (delivery?.webhook_id !== id) throw new AppError('not_found')
        if (delivery.state !== 'failed') throw new AppError('conflict')
        await store.updateDelivery(trx, deliveryId, { state: 'waiting', ended_ms: null })
        await enqueue(trx, deliveryId)
      })
    },

    /** Nothing stays of who left. */
    async removeAllOf(ownerId: string): Promise<void> {
      for (const hook of await store.hooksQuery(db, ownerId, maxWebhooks).execute())
        await db.transaction((trx) => store.deleteHook(trx, hook.id))
    },
  }
}

const toDelivery = (row: store.DeliveryRow): Delivery => ({
  id: row.id,
  event: row.event,
  state: row.state,
  attempts: row.attempts,
  status: row.status,
  error: row.error,
  create_time: isoTime(row.created_ms),
  end_time: row.ended_ms === null ? null : isoTime(row.ended_ms),
})
