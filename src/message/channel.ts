/** Owns what processes tell each other about one user's messages over the bus. */
import type { PrivateMessage } from '../../contract/message.ts'
import type { Bus } from '../platform/bus/bus.ts'

export type UserNews =
  /** A notification is new or has grown: read it. */
  | { t: 'notification'; id: string }
  | { t: 'message'; message: PrivateMessage }
  /** Something was read elsewhere. */
  | { t: 'unread' }

export const userChannel = (userId: string): string => `messages:${userId}`

export const tellUser = (bus: Bus, userId: string, news: UserNews): Promise<void> =>
  bus.publish(userChannel(userId), news)
