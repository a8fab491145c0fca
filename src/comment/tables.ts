/** Owns the row types of comments. Threads have two levels: a reply to a reply hangs below the same root. */
import type { CommentedKind } from '../../contract/comment.ts'

export interface CommentTable {
  id: string
  subject_kind: CommentedKind
  /** What it stands under, in each of these tables: a video or, since posts can be commented on, a post. Ids meet nowhere. */
  video_id: string
  /** The comment at the top of the thread; empty for that one itself, so that an index orders each level. */
  root_id: string
  /** The comment that was answered. */
  parent_id: string | null
  user_id: string
  /** Empty when deleted. */
  text: string
  time_ms: number | null
  created_ms: number
  edited_ms: number | null
  /** 1: it stays as a place for its replies. */
  deleted: number
}

/** Counts in a narrow row of their own; `score` orders by what people like and answer. */
export interface CommentCounterTable {
  comment_id: string
  video_id: string
  root_id: string
  likes: number
  replies: number
  score: number
}

export interface CommentLikeTable {
  user_id: string
  comment_id: string
  created_ms: number
}

export interface CommentPinTable {
  video_id: string
  comment_id: string
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    comment: CommentTable
    comment_counter: CommentCounterTable
    comment_like: CommentLikeTable
    comment_pin: CommentPinTable
  }
}
