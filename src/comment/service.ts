/** Owns the use cases of comments: who may read, write, edit, like, pin and delete them. */
import type { Comment, CommentedKind } from '../../contract/comment.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Events } from '../platform/events/events.ts'
import type { Caller } from '../platform/http/route.ts'
import { sortableId } from '../platform/ids/ids.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { UserService } from '../user/index.ts'
import { mentionsIn, repetitionKey } from './rules.ts'
import * as store from './store.ts'
import type { Commented, Subjects } from './subject.ts'
import { mayDelete, mayEdit, toComment } from './view.ts'

export interface CommentDeps {
  db: Db
  kv: Kv
  clock: Clock
  events: Events
  audit: Audit
  users: UserService
  subjects: Subjects
  /** Is a word in it that the site refuses? */
  isForbidden: (text: string) => Promise<boolean>
  cursorSecret: Uint8Array
}

/** A video or a post, by public id. */
interface Address {
  kind: CommentedKind
  id: string
}

interface PageQuery {
  limit: number
  cursor?: string | undefined
}

interface Draft {
  text: string
  time?: number | undefined
}

/** What others show of a comment. */
interface Found {
  text: string
  userId: string
  subject: Address
}

/** So many in so long; the same again no sooner than this. */
const burst = 10
const burstMs = 60_000
const repetitionMs = 5 * 60_000
const firstReplies = 3

export type CommentService = ReturnType<typeof createCommentService>

export const createCommentService = (deps: CommentDeps) => {
  const { db, kv, clock, events, audit, users, subjects, isForbidden, cursorSecret } = deps

  const views = async (
    rows: readonly store.CommentWithCounts[],
    subject: Commented,
    caller: Caller | undefined,
  ): Promise<Comment[]> => {
    const parentIds = rows.flatMap((row) =>
      row.parent_id !== null && row.parent_id !== row.root_id ? [row.parent_id] : [],
    )
    const [parents, liked, pinnedId] = await Promise.all([
      store.findComments(db, [...new Set(parentIds)]),
      caller
        ? store.likedAmong(
            db,
            caller.userId,
            rows.map((row) => row.id),
          )
        : new Set<string>(),
      store.pinnedOf(db, subject.id),
    ])
    const writers = [...rows, ...parents].map((row) => row.user_id)
    const seen = {
      subject,
      authors: await users.authors(writers, caller?.userId),
      parents: new Map(parents.map((row) => [row.id, row.user_id])),
      liked,
      pinnedId,
      caller,
      nowMs: clock.now(),
    }
    return rows.map((row) => toComment(row, seen))
  }

  /** Comments at the top, each with its first replies. */
  const threads = async (
    ids: readonly string[],
    subject: Commented,
    caller: Caller | undefined,
  ): Promise<Comment[]> => {
    const tops = await store.findComments(db, ids)
    const answered = tops.filter((row) => row.replies > 0).map((row) => row.id)
    const found = await store.firstReplies(db, answered, firstReplies)
    const below = await store.findComments(
      db,
      found.map((row) => row.id),
    )
    const shown = await views([...tops, ...below], subject, caller)
    return shown.slice(0, tops.length).map((top) => ({
      ...top,
      replies: shown.slice(tops.length).filter((reply) => reply.root_id === top.id),
    }))
  }

  /** The row and what it stands under, if the caller may know of both. Throws `not_found`. */
  const known = async (id: string, caller: Caller | undefined) => {
    const row = await store.findComment(db, id)
    if (row === undefined) throw new AppError('not_found')
    return { row, subject: await subjects[row.subject_kind].seenById(row.subject_id, caller) }
  }
  const alive = async (id: string, caller: Caller | undefined) => {
    const found = await known(id, caller)
    if (found.row.deleted === 1) throw new AppError('not_found')
    return found
  }

  /** Throws `text_forbidden`. */
  const assertWords = async (text: string): Promise<void> => {
    if (await isForbidden(text)) throw new AppError('text_forbidden')
  }

  /** Holds in every profile. Throws `rate_limited`, `comment_repeated`; gives what to forget if it is not written. */
  const assertPace = async (userId: string, text: string): Promise<string> => {
    const said = `comment:said:${repetitionKey(userId, text)}`
    if (!(await kv.setIfAbsent(said, '1', repetitionMs))) throw new AppError('comment_repeated')
    if ((await kv.incr(`comment:pace:${userId}`, burstMs)) > burst) {
      await kv.delete(said)
      throw new AppError('rate_limited', { retryAfterS: burstMs / 1000 })
    }
    return said
  }

  /** Users who were named and may be told: not oneself, nobody who blocked the writer. */
  const mentioned = async (text: string, writerId: string): Promise<string[]> => {
    const found = await Promise.all(mentionsIn(text).map((name) => users.find(`@${name}`)))
    const ids = [...new Set(found.flatMap((user) => (user ? [user.id] : [])))].filter((id) => id !== writerId)
    const blocks = await Promise.all(ids.map((id) => users.isBlocked(id, writerId)))
    return ids.filter((_, index) => blocks[index] !== true)
  }

  const write = async (
    subject: Commented,
    parent: store.CommentRow | undefined,
    draft: Draft,
    caller: Caller,
  ): Promise<Comment> => {
    await assertWords(draft.text)
    for (const id of new Set([subject.ownerId, parent?.user_id ?? subject.ownerId]))
      if (await users.isBlocked(id, caller.userId)) throw new AppError('comments_blocked')
    const mentionedIds = await mentioned(draft.text, caller.userId)
    const said = await assertPace(caller.userId, draft.text)
    const nowMs = clock.now()
    const row: store.CommentRow = {
      id: sortableId(nowMs),
      subject_kind: subject.kind,
      subject_id: subject.id,
      root_id: parent === undefined ? '' : parent.root_id || parent.id,
      parent_id: parent?.id ?? null,
      user_id: caller.userId,
      text: draft.text,
      time_ms:
        draft.time === undefined || subject.durationMs === null
          ? null
          : Math.min(Math.round(draft.time * 1000), subject.durationMs),
      created_ms: nowMs,
      edited_ms: null,
      deleted: 0,
    }
    try {
      await db.transaction(async (trx) => {
        if (parent !== undefined) {
          // Nobody deletes the thread while it grows.
          const root = await store.lockComment(trx, row.root_id)
          const answered = parent.id === row.root_id ? root : await store.lockComment(trx, parent.id)
          if (root === undefined || answered === undefined || answered.deleted === 1)
            throw new AppError('not_found')
          await store.addToCounter(trx, row.root_id, 'replies', 1)
        }
        await store.insertComment(trx, row)
        await subjects[subject.kind].count(trx, subject.id, 1)
        await events.append(trx, {
          type: 'comment.created',
          payload: {
            comment_id: row.id,
            video_id: subject.kind === 'video' ? subject.publicId : null,
            post_id: subject.kind === 'post' ? subject.publicId : null,
            user_id: caller.userId,
            parent_id: row.parent_id,
            mentioned_ids: mentionedIds,
          },
        })
      })
    } catch (error) {
      // Not said after all: trying again is no repetition.
      await kv.delete(said)
      throw error
    }
    subjects[subject.kind].onComment?.(subject.id)
    const [shown] = await views([{ ...row, likes: 0, replies: 0 }], subject, caller)
    if (shown === undefined) throw new AppError('not_found')
    return parent === undefined ? { ...shown, replies: [] } : shown
  }

  /** Whoever may is asked before. A comment that was answered leaves its place; the last answer takes it along. */
  const removeRow = async (row: store.CommentRow, by: Caller): Promise<void> => {
    await db.transaction(async (trx) => {
      const rootId = row.root_id === '' ? row.id : row.root_id
      const root = await store.lockComment(trx, rootId)
      if (row.root_id === '') {
        const isAnswered = (await store.repliesOf(trx, row.id)) > 0
        await store.deletePin(trx, row.subject_id, row.id)
        const isGone = isAnswered
          ? await store.markDeleted(trx, row.id)
          : root?.deleted === 0 && (await store.deleteRows(trx, row.id))
        if (!isGone) return
      } else {
        if (!(await store.deleteRows(trx, row.id))) return
        await store.addToCounter(trx, rootId, 'replies', -1)
        if (root?.deleted === 1 && (await store.repliesOf(trx, rootId)) === 0)
          await store.deleteRows(trx, rootId)
      }
      await subjects[row.subject_kind].count(trx, row.subject_id, -1)
      if (by.userId === row.user_id) return
      await audit.record(trx, {
        actorId: by.userId,
        action: 'comment.removed',
        subject: { kind: 'user', id: row.user_id },
        address: null,
        details: { comment_id: row.id },
      })
    })
  }

  const like = async (
    id: string,
    caller: Caller,
    likes: boolean,
  ): Promise<{ liked: boolean; likes: number }> => {
    const { row } = await alive(id, caller)
    const count = await db.transaction(async (trx) => {
      if ((await store.lockComment(trx, id))?.deleted !== 0) throw new AppError('not_found')
      const isChanged = likes
        ? await store.insertLike(trx, { user_id: caller.userId, comment_id: id, created_ms: clock.now() })
        : await store.deleteLike(trx, caller.userId, id)
      if (isChanged) {
        await store.addToCounter(trx, id, 'likes', likes ? 1 : -1)
        if (likes)
          await events.append(trx, {
            type: 'comment.liked',
            payload: { comment_id: row.id, user_id: caller.userId },
          })
      }
      return store.likesOf(trx, id)
    })
    return { liked: likes, likes: count }
  }

  /** The comment, if it stands at the top below one's own video or post. Throws `not_found`, `forbidden`. */
  const pinnable = async (id: string, caller: Caller) => {
    const { row, subject } = await alive(id, caller)
    if (subject.ownerId !== caller.userId || row.root_id !== '') throw new AppError('forbidden')
    return subject
  }

  return {
    /** The pinned one first on the first page, and only there. */
    async list(
      on: Address,
      { sort, ...page }: PageQuery & { sort: 'hot' | 'newest' },
      caller: Caller | undefined,
    ) {
      const subject = await subjects[on.kind].seen(on.id, caller)
      const pinnedId = await store.pinnedOf(db, subject.id)
      const name = `comments:${subject.id}:${sort}`
      const limit = page.limit + 1
      let ids: string[]
      let next: string | null
      if (sort === 'hot') {
        const after =
          page.cursor === undefined
            ? undefined
            : decodeCursor(name, page.cursor, cursorSecret, ['number', 'string'])
        const rows = await store.hotQuery(db, subject.id, { after, limit }).execute()
        const cut = cutPage(rows, page.limit, (last) =>
          encodeCursor(name, [last.score, last.comment_id], cursorSecret),
        )
        ids = cut.items.map((item) => item.comment_id)
        next = cut.nextCursor
      } else {
        const [afterId] =
          page.cursor === undefined ? [] : decodeCursor(name, page.cursor, cursorSecret, ['string'])
        const rows = await store.newestQuery(db, subject.id, { afterId, limit }).execute()
        const cut = cutPage(rows, page.limit, (last) => encodeCursor(name, [last.id], cursorSecret))
        ids = cut.items.map((item) => item.id)
        next = cut.nextCursor
      }
      const others = ids.filter((id) => id !== pinnedId)
      const shown = page.cursor === undefined && pinnedId !== undefined ? [pinnedId, ...others] : others
      return {
        items: await threads(shown, subject, caller),
        next_cursor: next,
        total: subject.comments,
      }
    },

    async replies(id: string, page: PageQuery, caller: Caller | undefined) {
      const { row, subject } = await known(id, caller)
      if (row.root_id !== '') throw new AppError('not_found')
      const name = `replies:${id}`
      const [afterId] =
        page.cursor === undefined ? [] : decodeCursor(name, page.cursor, cursorSecret, ['string'])
      const rows = await store.repliesQuery(db, id, { afterId, limit: page.limit + 1 }).execute()
      const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
        encodeCursor(name, [last.id], cursorSecret),
      )
      const found = await store.findComments(
        db,
        items.map((item) => item.id),
      )
      return { items: await views(found, subject, caller), next_cursor: nextCursor }
    },

    /** A comment and the thread it stands in. */
    async thread(id: string, caller: Caller | undefined) {
      const { row, subject } = await known(id, caller)
      const [thread] = await threads([row.root_id || row.id], subject, caller)
      const [comment] = await views([row], subject, caller)
      if (thread === undefined || comment === undefined) throw new AppError('not_found')
      return { thread, comment }
    },

    async write(on: Address, draft: Draft, caller: Caller): Promise<Comment> {
      return write(await subjects[on.kind].seen(on.id, caller), undefined, draft, caller)
    },

    async reply(id: string, draft: Draft, caller: Caller): Promise<Comment> {
      const { row, subject } = await alive(id, caller)
      return write(subject, row, draft, caller)
    },

    async edit(id: string, text: string, caller: Caller): Promise<Comment> {
      const { row, subject } = await alive(id, caller)
      if (row.user_id !== caller.userId) throw new AppError('forbidden')
      if (!mayEdit(row, caller, clock.now())) throw new AppError('comment_too_late')
      await assertWords(text)
      await store.updateComment(db, id, { text, edited_ms: clock.now() })
      const [shown] = await views([{ ...row, text, edited_ms: clock.now() }], subject, caller)
      if (shown === undefined) throw new AppError('not_found')
      return shown
    },

    /** By its writer, the author of what it stands under, a moderator. Throws `not_found`, `forbidden`. */
    async remove(id: string, by: Caller): Promise<void> {
      const row = await store.findComment(db, id)
      if (row === undefined || row.deleted === 1) throw new AppError('not_found')
      const subject = subjects[row.subject_kind]
      const owner = (await subject.namesOf([row.subject_id])).get(row.subject_id)?.ownerId ?? ''
      if (!mayDelete(row, owner, by)) {
        await subject.seenById(row.subject_id, by)
        throw new AppError('forbidden')
      }
      await removeRow(row, by)
    },

    like: (id: string, caller: Caller) => like(id, caller, true),
    unlike: (id: string, caller: Caller) => like(id, caller, false),

    async pin(id: string, caller: Caller): Promise<void> {
      const subject = await pinnable(id, caller)
      await db.transaction(async (trx) => {
        const row = await store.lockComment(trx, id)
        if (row === undefined || row.deleted === 1) throw new AppError('not_found')
        await store.putPin(trx, subject.id, id)
      })
    },

    async unpin(id: string, caller: Caller): Promise<void> {
      const subject = await pinnable(id, caller)
      await store.deletePin(db, subject.id, id)
    },

    /** What notifications and reports show: texts, writers and places of those that still stand. */
    async textsOf(ids: readonly string[]): Promise<Map<string, Found>> {
      const rows = (await store.findComments(db, [...new Set(ids)])).filter((row) => row.deleted === 0)
      const below = Map.groupBy(rows, (row) => row.subject_kind)
      const names = new Map<string, { publicId: string }>()
      for (const [kind, some] of below)
        for (const [id, name] of await subjects[kind].namesOf([
          ...new Set(some.map((row) => row.subject_id)),
        ]))
          names.set(id, name)
      return new Map(
        rows.map((row) => [
          row.id,
          {
            text: row.text,
            userId: row.user_id,
            subject: { kind: row.subject_kind, id: names.get(row.subject_id)?.publicId ?? '' },
          },
        ]),
      )
    },
  }
}
