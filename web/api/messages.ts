/** Owns what the web asks about notifications and private messages. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import {
  getPrivacy,
  getUnread,
  listMessages,
  listPrivateMessages,
  muteConversation,
  patchPrivacy,
  readMessages,
  sendPrivateMessage,
  unmuteConversation,
} from '../../contract/message.ts'
import type {
  Conversation,
  MessagesFrom,
  Notification,
  NotificationType,
  Unread,
} from '../../contract/message.ts'
import { call } from './client.ts'

export { socketProtocol } from '../../contract/live.ts'
export { userSocketPath } from '../../contract/message.ts'
export type {
  Conversation,
  MessagesFrom,
  Notification,
  NotificationType,
  PrivateMessage,
  Unread,
  UserSocketServer,
} from '../../contract/message.ts'

const nextPage = (page: { next_cursor: string | null }) => page.next_cursor ?? undefined
const start: string | undefined = undefined as string | undefined

export const fetchUnread = (): Promise<Unread> => call(getUnread, {})

export const useNotifications = (type: () => NotificationType) =>
  useInfiniteQuery({
    queryKey: ['notifications', type],
    queryFn: async ({ pageParam, signal }) => {
      const query = { kind: 'notification' as const, type: type(), limit: 20, cursor: pageParam }
      const page = await call(listMessages, { query }, { signal })
      return { ...page, items: page.items as Notification[] }
    },
    initialPageParam: start,
    getNextPageParam: nextPage,
    staleTime: 0,
  })

export const useConversations = (enabled: () => boolean) =>
  useInfiniteQuery({
    queryKey: ['conversations'],
    queryFn: async ({ pageParam, signal }) => {
      const query = { kind: 'private' as const, limit: 30, cursor: pageParam }
      const page = await call(listMessages, { query }, { signal })
      return { ...page, items: page.items as Conversation[] }
    },
    initialPageParam: start,
    getNextPageParam: nextPage,
    enabled,
    staleTime: 0,
  })

/** One conversation, from its newest page on. */
export const useTalk = (id: () => string) =>
  useInfiniteQuery({
    queryKey: ['talk', id],
    queryFn: ({ pageParam, signal }) =>
      call(
        listPrivateMessages,
        { params: { id: id() }, query: { limit: 30, cursor: pageParam } },
        { signal },
      ),
    initialPageParam: start,
    getNextPageParam: nextPage,
    staleTime: 0,
  })

export const sendMessage = (id: string, text: string, clientId: string) =>
  call(sendPrivateMessage, { params: { id }, body: { text, client_id: clientId } })

export const readType = (type: NotificationType) =>
  call(readMessages, { body: { kind: 'notification', all: true, type } })
export const readAll = (kind: 'notification' | 'private') => call(readMessages, { body: { kind, all: true } })
export const readIds = (ids: string[]) => call(readMessages, { body: { ids } })

export const setTalkMuted = (id: string, muted: boolean) =>
  muted ? call(muteConversation, { params: { id }, body: {} }) : call(unmuteConversation, { params: { id } })

export const usePrivacy = () =>
  useQuery({ queryKey: ['privacy'], queryFn: ({ signal }) => call(getPrivacy, {}, { signal }) })

export const usePrivacyChange = () => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (from: MessagesFrom) => call(patchPrivacy, { body: { messages_from: from } }),
    onSuccess: (privacy) => client.setQueryData(['privacy'], privacy),
  })
}
