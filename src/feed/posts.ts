/** Owns the use cases of posts: pictures first, then the post; likes; deleting and taking back. */
import type { Post, PostPicture } from '../../contract/feed.ts'
import type { Blobs } from '../platform/blob/blob.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Events } from '../platform/events/events.ts'
import type { Caller } from '../platform/http/route.ts'
import { randomName, sortableId } from '../platform/ids/ids.ts'
import { shapes } from '../platform/image/image.ts'
import type { Images } from '../platform/image/image.ts'
import { deleteCommentsOf } from '../comment/index.ts'
import { isModerator } from '../danmaku/index.ts'
import type { UserService } from '../user/index.ts'
import * as store from './post-store.ts'
import * as feed from './store.ts'
import { toPicture, toPost } from './view.ts'

interface Deps {
  db: Db
  clock: Clock
  events: Events
  blobs: Blobs
  images: Images
  users: UserService
  cursorSecret: Uint8Array
}

const dayMs = 24 * 3600_000
/** What was deleted may be restored by an appeal for so long. */
const trashMs = 30 * dayMs
const webp = { contentType: 'image/webp' }

export type Posts = ReturnType<typeof createPosts>

export const createPosts = (deps: Deps) => {
  const { db, clock, events, blobs, images, users, cursorSecret } = deps

  const toPosts = async (
    rows: readonly store.PostWithCounts[],
    viewerId: string | undefined,
  ): Promise<Post[]> => {
    const ids = rows.map(({ id }) => id)
    const [authors, pictures, liked] = await Promise.all([
      users.authors(
        rows.map((row) => row.author_id),
        viewerId,
      ),
      store.picturesOf(db, ids),
      viewerId === undefined ? new Set<string>() : store.likedAmong(db, viewerId, ids),
    ])
    const byPost = Map.groupBy(pictures, (row) => row.post_id)
    return rows.flatMap((row) => {
      const author = authors.get(row.author_id)
      if (author === undefined) return []
      return [toPost(row, { author, pictures: byPost.get(row.id) ?? [], liked: liked.has(row.id) })]
    })
  }

  /** Throws `not_found`. */
  const existing = async (id: string): Promise<store.PostWithCounts> => {
    const row = await store.findPost(db, id)
    if (row === undefined || row.hidden === 1) throw new AppError('not_found')
    return row
  }

  const get = async (id: string, viewerId: string | undefined): Promise<Post> => {
    const [shown] = await toPosts([await existing(id)], viewerId)
    if (shown === undefined) throw new AppError('not_found')
    return shown
  }

  const hide = async (row: store.PostRow, hidden: boolean): Promise<boolean> =>
    db.transaction(async (trx) => {
      const dueMs = hidden ? clock.now() + trashMs : null
      if (!(await store.hidePost(trx, row.id, dueMs))) return false
      await feed.showItem(trx, 'post', row.id, !hidden)
      await store.setPicturesDue(trx, row.id, dueMs)
      if (hidden)
        await events.append(trx, {
          type: 'post.deleted',
          payload: { post_id: row.id, user_id: row.author_id },
        })
      return true
    })

  const react = async (id: string, userId: string, likes: boolean) => {
    const row = await existing(id)
    if (await users.isBlocked(row.author_id, userId)) throw new AppError('blocked')
    const count = await db.transaction(async (trx) => {
      const changed = likes
        ? await store.insertLike(trx, userId, id)
        : await store.deleteLike(trx, userId, id)
      if (changed) await store.addToCounter(trx, id, 'likes', likes ? 1 : -1)
      const now = await store.likesOf(trx, id)
      if (changed && likes) {
        const payload = { post_id: id, owner_id: row.author_id, user_id: userId }
        await events.append(trx, { type: 'post.liked', payload })
      }
      return now
    })
    return { liked: likes, likes: count }
  }

  const take = async (trx: Transaction, postId: string, ownerId: string, pictures: readonly string[]) => {
    for (const [place, id] of pictures.entries()) {
      if (!(await store.takePicture(trx, id, ownerId, { id: postId, place }))) throw new AppError('not_found')
    }
  }

  /** With all that stands below it. */
  const purge = (id: string): Promise<void> =>
    db.transaction(async (trx) => {
      // Its counter goes first: who writes a comment meanwhile waits there, and finds nothing to write below.
      if (!(await store.deletePost(trx, id, clock.now()))) return
      await deleteCommentsOf(trx, id)
      await feed.deleteItem(trx, 'post', id)
    })

  return {
    get,

    /** Whose it is, whatever its state. */
    ownerOf: async (id: string): Promise<string | undefined> => (await store.findPost(db, id))?.author_id,

    /** By id, those that are there; for a page of the feed. */
    async among(ids: readonly string[], viewerId: string): Promise<Map<string, Post>> {
      const shown = await toPosts(await store.findPosts(db, ids), viewerId)
      return new Map(shown.map((post) => [post.id, post]))
    },

    async list(
      userId: string,
      page: { limit: number; cursor?: string | undefined },
      viewerId: string | undefined,
    ): Promise<{ items: Post[]; next_cursor: string | null }> {
      if ((await users.row(userId)) === undefined) throw new AppError('not_found')
      const name = `posts:${userId}`
      const [after] =
        page.cursor === undefined ? [] : decodeCursor(name, page.cursor, cursorSecret, ['string'])
      const found = await store.postsQuery(db, userId, after, page.limit + 1).execute()
      const { items, nextCursor } = cutPage(found, page.limit, (last) =>
        encodeCursor(name, [last.id], cursorSecret),
      )
      const ids = items.map(({ id }) => id)
      const rows = new Map((await store.findPosts(db, ids)).map((row) => [row.id, row]))
      return {
        items: await toPosts(
          ids.flatMap((id) => rows.get(id) ?? []),
          viewerId,
        ),
        next_cursor: nextCursor,
      }
    },

    /** Throws `text_invalid` where there is neither text nor picture, `not_found` for a picture that is not there. */
    async create(userId: string, given: { text: string; pictures: readonly string[] }): Promise<Post> {
      if (given.text === '' && given.pictures.length === 0) throw new AppError('text_invalid')
      const nowMs = clock.now()
      const id = sortableId(nowMs)
      await db.transaction(async (trx) => {
        const row = { id, author_id: userId, text: given.text, created_ms: nowMs, hidden: 0, due_ms: null }
        await store.insertPost(trx, row)
        await take(trx, id, userId, given.pictures)
        const item = { author_id: userId, sort_key: id, shown: 1, at_ms: nowMs }
        await feed.insertItem(trx, { kind: 'post', ref_id: id, ...item })
        await events.append(trx, { type: 'post.created', payload: { post_id: id, user_id: userId } })
      })
      return get(id, userId)
    },

    /** Throws `image_invalid`. */
    async addPicture(userId: string, picture: Uint8Array): Promise<PostPicture> {
      const [full, small] = await Promise.all([
        images.reshape(picture, shapes.post),
        images.reshape(picture, shapes.postThumbnail),
      ])
      const { width, height } = await images.sizeOf(full)
      const name = randomName()
      const row = {
        id: sortableId(clock.now()),
        owner_id: userId,
        post_id: null,
        place: 0,
        picture_key: `images/posts/${name}.webp`,
        thumbnail_key: `images/posts/${name}-s.webp`,
        width,
        height,
        due_ms: clock.now() + dayMs,
      }
      // The row first: what is written after it and never used is found and deleted by it.
      await store.insertPicture(db, row)
      await blobs.put(row.picture_key, full, webp)
      await blobs.put(row.thumbnail_key, small, webp)
      return toPicture(row)
    },

    /** By its writer or a moderator. Throws `not_found`, `forbidden`. */
    async remove(id: string, caller: Pick<Caller, 'userId' | 'role'>): Promise<void> {
      const row = await existing(id)
      if (row.author_id !== caller.userId && !isModerator(caller)) throw new AppError('forbidden')
      await hide(row, true)
    },

    /** Takes a removal back; does nothing where there is none. */
    async restore(id: string): Promise<void> {
      const row = await store.findPost(db, id)
      if (row) await hide(row, false)
    },

    like: (id: string, userId: string) => react(id, userId, true),
    unlike: (id: string, userId: string) => react(id, userId, false),

    /** Deletes pictures that nobody took, and posts deleted long ago with theirs. */
    async sweep(): Promise<void> {
      for (const row of await store.duePicturesQuery(db, clock.now()).execute()) {
        await blobs.delete(row.picture_key)
        await blobs.delete(row.thumbnail_key)
        await store.deletePicture(db, row.id)
      }
      for (const { id } of await store.duePostsQuery(db, clock.now()).execute()) await purge(id)
    },
  }
}
