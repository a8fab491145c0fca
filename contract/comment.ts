/** Owns what a comment looks like, its endpoints and its events. */
export {}

declare module './events.ts' {
  interface Events {
    /** `parent_id` is the comment that was answered, null at the top; `mentioned_ids` are users. */
    'comment.created': {
      comment_id: string
      video_id: string
      user_id: string
      parent_id: string | null
      mentioned_ids: string[]
    }
    'comment.liked': { comment_id: string; user_id: string }
  }
}
