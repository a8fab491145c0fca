/** Owns the routes of notifications and private messages. */
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
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { Messages } from './index.ts'

interface Deps {
  router: Router
  limits: Limits
  messages: Messages
}

export const mountMessageRoutes = ({ router, limits, messages }: Deps): void => {
  const { notifications, privately } = messages
  const sent = limits.create({ name: 'private_message', points: 300, windowS: 3600 })

  router.on(listMessages, ({ query, caller }) => {
    const { kind, ...rest } = query
    return kind === 'private'
      ? privately.conversations(caller.userId, rest)
      : notifications.list(caller.userId, rest)
  })
  router.on(getUnread, ({ caller }) => notifications.unread(caller.userId))
  router.on(readMessages, ({ body, caller }) => messages.read(caller.userId, body))

  router.on(listPrivateMessages, ({ params, query, caller }) =>
    privately.with(caller.userId, params.id, query),
  )
  router.on(sendPrivateMessage, async ({ params, body, caller }) => {
    await sent.take(caller.userId)
    return privately.send(caller.userId, params.id, body)
  })
  router.on(muteConversation, async ({ params, caller }) => {
    await privately.mute(caller.userId, params.id, true)
    return null
  })
  router.on(unmuteConversation, async ({ params, caller }) => {
    await privately.mute(caller.userId, params.id, false)
    return null
  })

  router.on(getPrivacy, ({ caller }) => privately.privacyOf(caller.userId))
  router.on(patchPrivacy, async ({ body, caller }) => {
    await privately.setPrivacy(caller.userId, body.messages_from)
    return privately.privacyOf(caller.userId)
  })
}
