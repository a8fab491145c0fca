/** Owns what may be commented on: the few questions that comments ask of it, and a video's answers. */
import type { CommentedKind } from '../../contract/comment.ts'
import type { Transaction } from '../platform/db/db.ts'
import type { Caller } from '../platform/http/route.ts'
import type { VideoService } from '../video/index.ts'

/** One video or post. */
export interface Commented {
  kind: CommentedKind
  /** As in the rows of comments; unique among all kinds. */
  id: string
  /** As in its address. */
  publicId: string
  ownerId: string
  comments: number
  /** null where a comment can not be about a place in it. */
  durationMs: number | null
}

/** A kind of what may be commented on. */
export interface Subject {
  /** By public id, if the caller may know of it. Throws `not_found`. */
  seen(publicId: string, caller: Caller | undefined): Promise<Commented>
  /** By id, if the caller may know of it. Throws `not_found`. */
  seenById(id: string, caller: Caller | undefined): Promise<Commented>
  /** By id, whatever their state. */
  namesOf(ids: readonly string[]): Promise<Map<string, { publicId: string; ownerId: string }>>
  /** Keeps the count of comments, in the transaction that changes them. */
  count(trx: Transaction, id: string, by: number): Promise<void>
  /** Said once a comment is written. */
  onComment?(id: string): void
}

export type Subjects = Readonly<Record<CommentedKind, Subject>>

type VideoRow = Awaited<ReturnType<VideoService['seen']>>

const ofVideo = (row: VideoRow): Commented => ({
  kind: 'video',
  id: row.id,
  publicId: row.public_id,
  ownerId: row.owner_id,
  comments: row.comments,
  durationMs: row.duration_ms,
})

export const createVideoSubject = (videos: VideoService): Subject => ({
  seen: async (publicId, caller) => ofVideo(await videos.seen(publicId, caller)),
  seenById: async (id, caller) => ofVideo(await videos.seenById(id, caller)),
  namesOf: (ids) => videos.namesOf(ids),
  count: (trx, id, by) => videos.countComments(trx, id, by),
  onComment: (id) => videos.reactions.raise(id, 'comments'),
})
