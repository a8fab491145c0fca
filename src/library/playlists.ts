/** Owns the use cases of playlists: ordered lists of videos, for all, for those who know the address, or for oneself. */
import type { z } from 'zod'
import type { Playlist, createPlaylist, patchPlaylist } from '../../contract/library.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import { publicId as newPublicId, sortableId } from '../platform/ids/ids.ts'
import { isoTime } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import type { VideoService, Viewer } from '../video/index.ts'
import * as store from './playlist-store.ts'

const maxPlaylists = 200
const maxVideos = 500
/** Room between two places; when it is used up all are placed anew. */
const gap = 2 ** 20

interface Deps {
  db: Db
  clock: Clock
  users: UserService
  videos: VideoService
  cursorSecret: Uint8Array
}
interface PageQuery {
  limit: number
  cursor?: string | undefined
}
type NewPlaylist = z.output<NonNullable<typeof createPlaylist.body>>
type Change = z.output<NonNullable<typeof patchPlaylist.body>>

export type Playlists = ReturnType<typeof createPlaylists>

export const createPlaylists = ({ db, clock, users, videos, cursorSecret }: Deps) => {
  /** Throws `not_found`. */
  const seen = async (id: string, caller: Caller | undefined): Promise<store.PlaylistRow> => {
    const row = await store.findPlaylist(db, id)
    if (row === undefined || (row.visibility === 'private' && row.owner_id !== caller?.userId))
      throw new AppError('not_found')
    return row
  }
  const owned = async (id: string, caller: Caller): Promise<store.PlaylistRow> => {
    const row = await store.findPlaylist(db, id)
    if (row?.owner_id !== caller.userId) throw new AppError('not_found')
    return row
  }

  const views = async (rows: readonly store.PlaylistRow[], viewer: Viewer): Promise<Playlist[]> => {
    const firsts = await store.firstVideos(
      db,
      rows.map((row) => row.id),
    )
    const [authors, kept] = await Promise.all([
      users.authors(
        rows.map((row) => row.owner_id),
        viewer.caller?.userId,
      ),
      videos.keptOf([...new Set(firsts.values())], viewer),
    ])
    const covers = new Map(kept.map((one) => [one.row_id, one.video?.thumbnail_url ?? null]))
    return rows.flatMap((row) => {
      const author = authors.get(row.owner_id)
      if (author === undefined) return []
      return {
        id: row.public_id,
        title: row.title,
        intro: row.intro,
        visibility: row.visibility,
        thumbnail_url: covers.get(firsts.get(row.id) ?? '') ?? null,
        author,
        counts: { videos: row.videos },
        create_time: isoTime(row.created_ms),
        update_time: isoTime(row.updated_ms),
      }
    })
  }
  const view = async (row: store.PlaylistRow, viewer: Viewer): Promise<Playlist> => {
    const [shown] = await views([row], viewer)
    if (shown === undefined) throw new AppError('not_found')
    return shown
  }

  const listOf = async (ownerId: string, visibility: 'public' | undefined, page: PageQuery) => {
    const name = `playlists:${ownerId}:${visibility ?? ''}`
    const [afterId] =
      page.cursor === undefined ? [] : decodeCursor(name, page.cursor, cursorSecret, ['string'])
    const rows = await store
      .playlistsQuery(db, ownerId, { visibility, afterId, limit: page.limit + 1 })
      .execute()
    return cutPage(rows, page.limit, (last) => encodeCursor(name, [last.id], cursorSecret))
  }

  /** The place right behind `afterId`, or first; makes room when there is none. */
  const placeBehind = async (
    trx: Transaction,
    playlistId: string,
    movedId: string,
    afterId: string | null,
  ): Promise<number> => {
    const all = await store.itemsQuery(trx, playlistId, { after: undefined, limit: maxVideos + 1 }).execute()
    const others = all.filter((item) => item.video_id !== movedId)
    const index = afterId === null ? -1 : others.findIndex((item) => item.video_id === afterId)
    if (others.length === all.length || (afterId !== null && index < 0)) throw new AppError('not_found')
    const before = others[index]?.place ?? 0
    const behind = others[index + 1]?.place ?? before + 2 * gap
    const middle = Math.floor((before + behind) / 2)
    if (middle > before && middle < behind) return middle
    for (const [position, item] of others.entries())
      await store.placeItem(trx, playlistId, item.video_id, (position + 1) * gap)
    return (index + 1) * gap + gap / 2
  }

  return {
    async listMine(page: PageQuery, holding: string | undefined, viewer: Viewer & { caller: Caller }) {
      const { items, nextCursor } = await listOf(viewer.caller.userId, undefined, page)
      const videoId = holding === undefined ? undefined : await videos.rowIdOf(holding)
      const ids = items.map((item) => item.id)
      const holds = videoId === undefined ? new Set() : await store.holdingAmong(db, ids, videoId)
      const held = new Set(items.filter((item) => holds.has(item.id)).map((item) => item.public_id))
      return {
        items: (await views(items, viewer)).map((item) => ({ ...item, holds: held.has(item.id) })),
        next_cursor: nextCursor,
      }
    },

    async listOfUser(userId: string, page: PageQuery, viewer: Viewer) {
      if ((await users.find(userId)) === undefined) throw new AppError('not_found')
      const { items, nextCursor } = await listOf(userId, 'public', page)
      return { items: await views(items, viewer), next_cursor: nextCursor }
    },

    get: async (id: string, viewer: Viewer): Promise<Playlist> => view(await seen(id, viewer.caller), viewer),

    /** Throws `too_many`. */
    async create(given: NewPlaylist, viewer: Viewer & { caller: Caller }): Promise<Playlist> {
      const nowMs = clock.now()
      const row: store.PlaylistRow = {
        id: sortableId(nowMs),
        public_id: newPublicId(),
        owner_id: viewer.caller.userId,
        title: given.title,
        intro: given.intro ?? '',
        visibility: given.visibility ?? 'public',
        videos: 0,
        created_ms: nowMs,
        updated_ms: nowMs,
      }
      const all = { afterId: undefined, limit: maxPlaylists }
      if ((await store.playlistsQuery(db, row.owner_id, all).execute()).length >= maxPlaylists)
        throw new AppError('too_many')
      await store.insertPlaylist(db, row)
      return view(row, viewer)
    },

    async change(id: string, change: Change, viewer: Viewer & { caller: Caller }): Promise<Playlist> {
      const row = await owned(id, viewer.caller)
      const now = {
        ...row,
        title: change.title ?? row.title,
        intro: change.intro ?? row.intro,
        visibility: change.visibility ?? row.visibility,
        updated_ms: clock.now(),
      }
      const { title, intro, visibility, updated_ms } = now
      await store.updatePlaylist(db, row.id, { title, intro, visibility, updated_ms })
      return view(now, viewer)
    },

    async remove(id: string, caller: Caller): Promise<void> {
      const row = await owned(id, caller)
      await db.transaction((trx) => store.deletePlaylist(trx, row.id))
    },

    async items(id: string, page: PageQuery, viewer: Viewer) {
      const row = await seen(id, viewer.caller)
      const name = `playlist:${row.id}`
      const after =
        page.cursor === undefined
          ? undefined
          : decodeCursor(name, page.cursor, cursorSecret, ['number', 'string'])
      const rows = await store.itemsQuery(db, row.id, { after, limit: page.limit + 1 }).execute()
      const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
        encodeCursor(name, [last.place, last.video_id], cursorSecret),
      )
      const ids = items.map((item) => item.video_id)
      return { items: await videos.keptOf(ids, viewer), next_cursor: nextCursor }
    },

    /** Throws `not_found`, `too_many`. */
    async add(id: string, videoPublicId: string, caller: Caller): Promise<void> {
      const row = await owned(id, caller)
      const video = await videos.seen(videoPublicId, caller)
      await db.transaction(async (trx) => {
        const now = await store.lockPlaylist(trx, row.id)
        if (now === undefined) throw new AppError('not_found')
        const place = (await store.lastPlace(trx, row.id)) + gap
        const item = { playlist_id: row.id, video_id: video.id, place }
        if (!(await store.insertItem(trx, item))) return
        if (now.videos >= maxVideos) throw new AppError('too_many')
        await store.countVideos(trx, row.id, 1, clock.now())
      })
    },

    async drop(id: string, videoPublicId: string, caller: Caller): Promise<void> {
      const row = await owned(id, caller)
      const videoId = await videos.rowIdOf(videoPublicId)
      if (videoId === undefined) return
      await db.transaction(async (trx) => {
        await store.lockPlaylist(trx, row.id)
        if (await store.deleteItem(trx, row.id, videoId))
          await store.countVideos(trx, row.id, -1, clock.now())
      })
    },

    /** Throws `not_found` also when either video does not stand in it. */
    async move(id: string, videoPublicId: string, after: string | null, caller: Caller): Promise<void> {
      const row = await owned(id, caller)
      const videoId = await videos.rowIdOf(videoPublicId)
      const afterId = after === null ? null : await videos.rowIdOf(after)
      if (videoId === undefined || afterId === undefined) throw new AppError('not_found')
      if (videoId === afterId) return
      await db.transaction(async (trx) => {
        await store.lockPlaylist(trx, row.id)
        await store.placeItem(trx, row.id, videoId, await placeBehind(trx, row.id, videoId, afterId))
        await store.updatePlaylist(trx, row.id, { updated_ms: clock.now() })
      })
    },
  }
}
