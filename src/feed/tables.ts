/** Owns the row types of the feed and of posts. */
import type { FeedKind } from '../../contract/feed.ts'

/** One row per piece of news, however many follow its author. */
export interface FeedItemTable {
  kind: FeedKind
  ref_id: string
  author_id: string
  sort_key: string
  /** 1 while it stands in feeds. */
  shown: number
  at_ms: number
}

export interface PostTable {
  id: string
  author_id: string
  text: string
  created_ms: number
  hidden: number
  /** When a deleted one goes for good. */
  due_ms: number | null
}

export interface PostPictureTable {
  id: string
  owner_id: string
  post_id: string | null
  place: number
  picture_key: string
  thumbnail_key: string
  width: number
  height: number
  due_ms: number | null
}

export interface PostCounterTable {
  post_id: string
  likes: number
  comments: number
}

export interface PostLikeTable {
  user_id: string
  post_id: string
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    feed_item: FeedItemTable
    post: PostTable
    post_picture: PostPictureTable
    post_counter: PostCounterTable
    post_like: PostLikeTable
  }
}
