/** Owns favourites: what somebody keeps, in which folder, and the folders. A video lies in one folder at most. */
import type { Folder } from '../../contract/video.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { sortableId } from '../platform/ids/ids.ts'
import { isoTime } from '../user/index.ts'
import * as reactions from './reaction-store.ts'
import * as store from './store.ts'

const defaultFolder = 'default'
const maxFolders = 50

export type Favourites = ReturnType<typeof createFavourites>

export const createFavourites = ({ db, clock, cursorKey }: { db: Db; clock: Clock; cursorKey: Buffer }) => {
  const ensureFolder = async (trx: Transaction, ownerId: string, id: string): Promise<void> => {
    if (id !== defaultFolder) {
      if (!(await reactions.lockFolder(trx, ownerId, id))) throw new AppError('not_found')
      return
    }
    await reactions.insertFolder(trx, {
      id,
      owner_id: ownerId,
      name: '',
      videos: 0,
      created_ms: clock.now(),
    })
  }

  const owned = async (ownerId: string, id: string): Promise<reactions.FolderRow> => {
    const row = id === defaultFolder ? undefined : await reactions.findFolder(db, ownerId, id)
    if (row === undefined) throw new AppError('not_found')
    return row
  }

  return {
    /** In the caller's transaction. True if it was not kept before. Without a folder one that is kept stays where it is. */
    async keep(
      trx: Transaction,
      userId: string,
      videoId: string,
      folderId: string | undefined,
    ): Promise<boolean> {
      const to = folderId ?? defaultFolder
      await ensureFolder(trx, userId, to)
      const row = { user_id: userId, video_id: videoId, folder_id: to, id: sortableId(clock.now()) }
      if (await reactions.insertFavourite(trx, row)) {
        await reactions.addToFolder(trx, userId, to, 1)
        await store.addToCounter(trx, videoId, 'favourites', 1)
        return true
      }
      const there = folderId === undefined ? undefined : await reactions.findFavourite(trx, userId, videoId)
      if (there !== undefined && there.folder_id !== to) {
        await reactions.moveFavourite(trx, userId, videoId, to)
        await reactions.addToFolder(trx, userId, there.folder_id, -1)
        await reactions.addToFolder(trx, userId, to, 1)
      }
      return false
    },

    /** In the caller's transaction. True if it was kept. */
    async drop(trx: Transaction, userId: string, videoId: string): Promise<boolean> {
      const there = await reactions.findFavourite(trx, userId, videoId)
      if (there === undefined || !(await reactions.deleteFavourite(trx, userId, videoId))) return false
      await reactions.addToFolder(trx, userId, there.folder_id, -1)
      await store.addToCounter(trx, videoId, 'favourites', -1)
      return true
    },

    async list(
      userId: string,
      folderId: string | undefined,
      page: { limit: number; cursor?: string | undefined },
    ): Promise<{ ids: string[]; next_cursor: string | null }> {
      const name = `favourites:${userId}:${folderId ?? ''}`
      const [afterId] =
        page.cursor === undefined ? [] : decodeCursor(name, page.cursor, cursorKey, ['string'])
      const limit = page.limit + 1
      const rows = await reactions.favouritesQuery(db, userId, { folderId, afterId, limit }).execute()
      const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
        encodeCursor(name, [last.id], cursorKey),
      )
      return { ids: items.map((item) => item.video_id), next_cursor: nextCursor }
    },

    /** The default one first, there or not. */
    async folders(userId: string): Promise<Folder[]> {
      const rows = await reactions.foldersQuery(db, userId).execute()
      const first = rows.find((row) => row.id === defaultFolder)
      const others = rows.filter((row) => row.id !== defaultFolder)
      const none = { id: defaultFolder, owner_id: userId, name: '', videos: 0, created_ms: clock.now() }
      return [first ?? none, ...others].map(toFolder)
    },

    folderOf: (userId: string, videoId: string) => reactions.folderOf(db, userId, videoId),

    /** Throws `too_many`. */
    async createFolder(userId: string, name: string): Promise<Folder> {
      const row = { id: sortableId(clock.now()), owner_id: userId, name, videos: 0, created_ms: clock.now() }
      await db.transaction(async (trx) => {
        const rows = await reactions.foldersQuery(trx, userId).execute()
        if (rows.length >= maxFolders) throw new AppError('too_many')
        await reactions.insertFolder(trx, row)
      })
      return toFolder(row)
    },

    async renameFolder(userId: string, id: string, name: string): Promise<Folder> {
      const row = await owned(userId, id)
      await reactions.renameFolder(db, userId, id, name)
      return toFolder({ ...row, name })
    },

    async deleteFolder(userId: string, id: string): Promise<void> {
      await owned(userId, id)
      await db.transaction(async (trx) => {
        if (!(await reactions.lockFolder(trx, userId, id))) return
        await ensureFolder(trx, userId, defaultFolder)
        const moved = await reactions.moveFavourites(trx, userId, id, defaultFolder)
        await reactions.addToFolder(trx, userId, defaultFolder, moved)
        await reactions.deleteFolder(trx, userId, id)
      })
    },
  }
}

const toFolder = (row: reactions.FolderRow): Folder => ({
  id: row.id,
  name: row.name,
  count: row.videos,
  create_time: isoTime(row.created_ms),
})
