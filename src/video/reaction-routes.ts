/** Owns the routes of favourites and their folders, coins, sharing, and all at once. */
import {
  coinVideo,
  createFolder,
  deleteFolder,
  favouriteVideo,
  listFavourites,
  listFolders,
  renameFolder,
  shareVideo,
  tripleVideo,
  unfavouriteVideo,
} from '../../contract/video.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { VideoService } from './index.ts'

interface Deps {
  router: Router
  service: VideoService
  limits: Limits
}

export const mountReactionRoutes = ({ router, service, limits }: Deps): void => {
  const { reactions, favourites } = service
  const pace = limits.create({ name: 'video_react', points: 300, windowS: 60 })
  const folders = limits.create({ name: 'favourite_folder', points: 60, windowS: 3600 })

  router.on(favouriteVideo, async ({ params, query, caller }) => {
    await pace.take(caller.userId)
    return reactions.favourite(params.id, query.folder, caller)
  })
  router.on(unfavouriteVideo, async ({ params, caller }) => {
    await pace.take(caller.userId)
    return reactions.unfavourite(params.id, caller)
  })
  router.on(coinVideo, async ({ params, body, caller }) => {
    await pace.take(caller.userId)
    return reactions.coin(params.id, body.amount, caller)
  })
  router.on(tripleVideo, async ({ params, caller }) => {
    await pace.take(caller.userId)
    return reactions.triple(params.id, caller)
  })
  router.on(shareVideo, async ({ params, caller }) => {
    await pace.take(caller.userId)
    return reactions.share(params.id, caller)
  })

  router.on(listFavourites, async ({ query, caller, language }) => {
    const { ids, next_cursor } = await favourites.list(caller.userId, query.folder, query)
    return { items: await service.keptOf(ids, { caller, language }), next_cursor }
  })
  router.on(listFolders, async ({ query, caller }) => {
    const rowId = query.video === undefined ? undefined : await service.rowIdOf(query.video)
    const holds = rowId === undefined ? undefined : await favourites.folderOf(caller.userId, rowId)
    return { items: await favourites.folders(caller.userId), holds: holds ?? null }
  })
  router.on(createFolder, async ({ body, caller }) => {
    await folders.take(caller.userId)
    return favourites.createFolder(caller.userId, body.name)
  })
  router.on(renameFolder, ({ params, body, caller }) =>
    favourites.renameFolder(caller.userId, params.id, body.name),
  )
  router.on(deleteFolder, async ({ params, caller }) => {
    await favourites.deleteFolder(caller.userId, params.id)
    return null
  })
}
