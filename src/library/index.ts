/** What somebody keeps of watching: history, watch later, playlists. Favourites stand beside the other reactions. */
import './tables.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import type { Log } from '../platform/log/log.ts'
import type { UserService } from '../user/index.ts'
import type { VideoService } from '../video/index.ts'
import { createHistory } from './history.ts'
import { deleteItemsOf } from './playlist-store.ts'
import { createPlaylists } from './playlists.ts'
import { deleteOfVideo } from './store.ts'

export { mountLibraryRoutes } from './routes.ts'

export type Library = ReturnType<typeof createLibrary>

export const createLibrary = (deps: {
  db: Db
  clock: Clock
  log: Log
  users: UserService
  videos: VideoService
  cursorSecret: Uint8Array
}) => {
  const history = createHistory(deps)
  deps.videos.reactions.onHeartbeat(history.note)
  deps.videos.upkeep.alsoPurge(async (trx, videoId) => {
    await deleteOfVideo(trx, videoId)
    await deleteItemsOf(trx, videoId)
  })
  return { history, playlists: createPlaylists(deps), close: () => history.close() }
}
