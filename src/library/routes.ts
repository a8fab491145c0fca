/** Owns the routes of history, watch later and playlists. */
import {
  addPlaylistVideo,
  addWatchLater,
  clearHistory,
  createPlaylist,
  deletePlaylist,
  getPlaylist,
  getProgress,
  listHistory,
  listMyPlaylists,
  listPlaylistVideos,
  listUserPlaylists,
  listWatchLater,
  movePlaylistVideo,
  patchHistory,
  patchPlaylist,
  removePlaylistVideo,
  removeWatchLater,
} from '../../contract/library.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { Library } from './index.ts'

export const mountLibraryRoutes = (deps: { router: Router; library: Library; limits: Limits }): void => {
  const { router, library, limits } = deps
  const { history, playlists } = library
  const lists = limits.create({ name: 'playlist_new', points: 60, windowS: 3600 })
  const changes = limits.create({ name: 'library_change', points: 300, windowS: 60 })

  router.on(listHistory, ({ query, caller, language }) => history.list(query, { caller, language }))
  router.on(clearHistory, async ({ query, caller }) => {
    await history.clear(caller.userId, query.video)
    return null
  })
  router.on(patchHistory, ({ body, caller }) => history.pause(caller.userId, body.paused))
  router.on(getProgress, ({ params, caller }) => history.progress(params.id, caller))
  router.on(listWatchLater, ({ query, caller, language }) => history.listLater(query, { caller, language }))
  router.on(addWatchLater, async ({ body, caller }) => {
    await changes.take(caller.userId)
    await history.addLater(body.video_id, caller)
    return null
  })
  router.on(removeWatchLater, async ({ params, caller }) => {
    await history.removeLater(params.id, caller)
    return null
  })

  router.on(listMyPlaylists, ({ query, caller, language }) =>
    playlists.listMine(query, query.video, { caller, language }),
  )
  router.on(listUserPlaylists, ({ params, query, caller, language }) =>
    playlists.listOfUser(params.id, query, { caller, language }),
  )
  router.on(createPlaylist, async ({ body, caller, language }) => {
    await lists.take(caller.userId)
    return playlists.create(body, { caller, language })
  })
  router.on(getPlaylist, ({ params, caller, language }) => playlists.get(params.id, { caller, language }))
  router.on(patchPlaylist, async ({ params, body, caller, language }) => {
    await changes.take(caller.userId)
    return playlists.change(params.id, body, { caller, language })
  })
  router.on(deletePlaylist, async ({ params, caller }) => {
    await playlists.remove(params.id, caller)
    return null
  })
  router.on(listPlaylistVideos, ({ params, query, caller, language }) =>
    playlists.items(params.id, query, { caller, language }),
  )
  router.on(addPlaylistVideo, async ({ params, caller }) => {
    await changes.take(caller.userId)
    await playlists.add(params.id, params.video_id, caller)
    return null
  })
  router.on(removePlaylistVideo, async ({ params, caller }) => {
    await changes.take(caller.userId)
    await playlists.drop(params.id, params.video_id, caller)
    return null
  })
  router.on(movePlaylistVideo, async ({ params, body, caller }) => {
    await changes.take(caller.userId)
    await playlists.move(params.id, params.video_id, body.after, caller)
    return null
  })
}
