/** Owns how comments look from outside. */
import type { Comment } from '../../contract/comment.ts'
import { editWindowS } from '../../contract/comment.ts'
import type { Author } from '../../contract/user.ts'
import type { Caller } from '../platform/http/route.ts'
import { isoTime } from '../user/index.ts'
import type { CommentWithCounts } from './store.ts'
import type { Commented } from './subject.ts'

export interface Seen {
  subject: Pick<Commented, 'kind' | 'publicId' | 'ownerId'>
  authors: ReadonlyMap<string, Author>
  /** Who wrote the comment that this one answers. */
  parents: ReadonlyMap<string, string>
  liked: ReadonlySet<string>
  pinnedId: string | undefined
  caller: Caller | undefined
  nowMs: number
}

const isModerator = (caller: Caller): boolean => caller.role === 'moderator' || caller.role === 'admin'

export const mayDelete = (row: { user_id: string }, ownerId: string, caller: Caller | undefined): boolean =>
  caller !== undefined && (row.user_id === caller.userId || ownerId === caller.userId || isModerator(caller))

export const mayEdit = (
  row: { user_id: string; created_ms: number },
  caller: Pick<Caller, 'userId'> | undefined,
  nowMs: number,
): boolean => row.user_id === caller?.userId && nowMs - row.created_ms <= editWindowS * 1000

export const toComment = (row: CommentWithCounts, seen: Seen): Comment => {
  const { subject, caller } = seen
  const isDeleted = row.deleted === 1
  const answered =
    row.parent_id === null ? undefined : seen.authors.get(seen.parents.get(row.parent_id) ?? '')
  return {
    id: row.id,
    video_id: subject.kind === 'video' ? subject.publicId : null,
    post_id: subject.kind === 'post' ? subject.publicId : null,
    root_id: row.root_id === '' ? null : row.root_id,
    parent_id: row.parent_id,
    // Below the root itself it goes without saying whom one answers.
    reply_to:
      answered === undefined || row.parent_id === row.root_id
        ? null
        : { id: answered.id, nickname: answered.nickname, username: answered.username },
    text: row.text,
    time: row.time_ms === null ? null : row.time_ms / 1000,
    author: isDeleted ? null : (seen.authors.get(row.user_id) ?? null),
    by_owner: !isDeleted && row.user_id === subject.ownerId,
    create_time: isoTime(row.created_ms),
    edit_time: row.edited_ms === null || isDeleted ? null : isoTime(row.edited_ms),
    deleted: isDeleted,
    pinned: row.id === seen.pinnedId,
    counts: { likes: row.likes, replies: row.replies },
    mine: {
      liked: seen.liked.has(row.id),
      editable: !isDeleted && mayEdit(row, caller, seen.nowMs),
      deletable: !isDeleted && mayDelete(row, subject.ownerId, caller),
    },
  }
}
