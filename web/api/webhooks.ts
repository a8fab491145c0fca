/** Owns what the web asks about webhooks and what became of their deliveries. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import {
  createWebhook,
  deleteWebhook,
  listDeliveries,
  listWebhooks,
  patchWebhook,
  pingWebhook,
  retryDelivery,
} from '../../contract/webhook.ts'
import type { WebhookEvent } from '../../contract/webhook.ts'
import { call } from './client.ts'
import { nextPage, start } from './reactions.ts'

export { maxWebhooks, mostFailures } from '../../contract/webhook.ts'
export type { Delivery, Webhook, WebhookEvent } from '../../contract/webhook.ts'

export interface WebhookDraft {
  url: string
  events: WebhookEvent[]
}

const changing = <T, D>(key: 'webhooks' | 'deliveries', change: (input: T) => Promise<D>) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    // Also what was refused: it may have changed in the meantime.
    onSettled: () => client.invalidateQueries({ queryKey: [key] }),
  })
}

export const useWebhooks = () =>
  useQuery({
    queryKey: ['webhooks'],
    queryFn: ({ signal }) => call(listWebhooks, {}, { signal }),
    refetchInterval: 5000,
  })
export const useWebhookAdd = () => changing('webhooks', (body: WebhookDraft) => call(createWebhook, { body }))
export const useWebhookChange = () =>
  changing('webhooks', ({ id, ...body }: { id: string; active?: boolean } & Partial<WebhookDraft>) =>
    call(patchWebhook, { params: { id }, body }),
  )
export const useWebhookRemove = () =>
  changing('webhooks', (id: string) => call(deleteWebhook, { params: { id } }))
export const usePing = () =>
  changing('deliveries', (id: string) => call(pingWebhook, { params: { id }, body: {} }))

/** Follows by itself what is on its way; a log that was scrolled on only while something is. */
export const useDeliveries = (id: () => string) =>
  useInfiniteQuery({
    queryKey: ['deliveries', id],
    queryFn: ({ pageParam, signal }) =>
      call(listDeliveries, { params: { id: id() }, query: { limit: 20, cursor: pageParam } }, { signal }),
    initialPageParam: start,
    getNextPageParam: nextPage,
    staleTime: 0,
    refetchInterval: ({ state }) => {
      const [first, ...more] = state.data?.pages ?? []
      if (first?.items.some((item) => item.state === 'waiting')) return 2000
      return more.length > 0 ? false : 5000
    },
  })
export const useDeliveryRetry = (id: () => string) =>
  changing('deliveries', (delivery: string) =>
    call(retryDelivery, { params: { id: id(), delivery }, body: {} }),
  )
