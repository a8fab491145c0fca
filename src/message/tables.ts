/** Owns the row types of notifications and private messages. */
import type { MessagesFrom, Notification, NotificationType } from '../../contract/message.ts'

export interface NewsProgressTable {
  consumer: string
  /** The last event that is in the rows. */
  event_id: number
}

export interface NotificationTable {
  id: string
  user_id: string
  type: NotificationType
  action: Notification['action']
  open_key: string | null
  actor_id: string | null
  former_actor_id: string | null
  /** How many different ones. */
  actors: number
  subject_kind: NonNullable<Notification['subject']>['kind'] | null
  subject_id: string | null
  video_id: string | null
  /** JSON of code and params. */
  notice: string | null
  is_read: number
  sort_key: string
  at_ms: number
}

export interface NotificationActorTable {
  notification_id: string
  actor_id: string
}

export interface NotificationMarkTable {
  user_id: string
  type: NotificationType
  read_key: string
}

/** One side of a private conversation. */
export interface PrivateThreadTable {
  id: string
  user_id: string
  peer_id: string
  last_key: string
  unread: number
  muted: number
  wrote: number
  unanswered: number
}

export interface PrivateMessageTable {
  id: string
  pair: string
  sender_id: string
  receiver_id: string
  client_id: string | null
  text: string
  removed: number
  at_ms: number
}

export interface PrivacyTable {
  user_id: string
  messages_from: MessagesFrom
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    news_progress: NewsProgressTable
    notification: NotificationTable
    notification_actor: NotificationActorTable
    notification_mark: NotificationMarkTable
    private_thread: PrivateThreadTable
    private_message: PrivateMessageTable
    privacy: PrivacyTable
  }
}
