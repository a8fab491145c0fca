/** Owns the routes of videos. */
import type { FastifyInstance } from 'fastify'
import {
  choosePoster,
  createVideo,
  deleteVideo,
  getMyStorage,
  getVideo,
  getVideoJob,
  likeVideo,
  listCategories,
  listMyVideos,
  listPosters,
  listUserVideos,
  listVideos,
  patchVideo,
  playVideo,
  relatedVideos,
  restoreVideo,
  unlikeVideo,
  uploadCover,
  categoryIds,
} from '../../contract/video.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { readPicture, registerMultipart } from '../platform/http/multipart.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import { say } from '../platform/http/language.ts'
import { categoryNames } from './categories.ts'
import { mountExtraRoutes } from './extra-routes.ts'
import { mountReactionRoutes } from './reaction-routes.ts'
import { mountSearchRoutes } from './search-routes.ts'
import type { VideoService } from './index.ts'

interface Deps {
  app: FastifyInstance
  router: Router
  service: VideoService
  limits: Limits
}

export const mountVideoRoutes = ({ app, router, service, limits }: Deps): void => {
  registerMultipart(app)
  const drafts = limits.create({ name: 'video_draft', points: 60, windowS: 3600 })
  const pictures = limits.create({ name: 'video_cover', points: 60, windowS: 3600 })
  const searches = limits.create({ name: 'video_search', points: 120, windowS: 60 })
  const likes = limits.create({ name: 'video_like', points: 300, windowS: 60 })

  router.on(listVideos, async ({ query, caller, language, address }) => {
    const { limit, cursor, q, ...filter } = query
    if (q !== undefined && q !== '') {
      if (filter.tag !== undefined) throw new AppError('params_invalid')
      await searches.take(caller?.userId ?? address)
      return service.find(q, filter, { limit, cursor }, { caller, language, address })
    }
    return service.list(filter, { limit, cursor }, { caller, language })
  })
  router.on(listUserVideos, ({ params, query, caller, language }) =>
    service.listOfUser(params.id, query, { caller, language }),
  )
  router.on(listMyVideos, ({ query, caller, language }) => {
    const { limit, cursor, ...filter } = query
    return service.listMine(filter, { limit, cursor }, { caller, language })
  })
  router.on(getMyStorage, ({ caller }) => service.storageOf(caller.userId))
  router.on(createVideo, async ({ body, caller, language }) => {
    await drafts.take(caller.userId)
    return service.createDraft(body, { caller, language })
  })
  router.on(getVideo, ({ params, caller, language }) => service.get(params.id, { caller, language }))
  router.on(patchVideo, ({ params, body, caller, language }) =>
    service.schedule.change(params.id, body, { caller, language }),
  )
  router.on(deleteVideo, async ({ params, caller }) => {
    const video = await service.remove(params.id, caller)
    await service.upkeep.cancelJobs(video.id)
    return null
  })
  router.on(restoreVideo, async ({ params, caller, language }) => {
    const video = await service.restore(params.id, { caller, language })
    if (video.state === 'processing')
      await service.upkeep.mendVideo((await service.owned(params.id, caller)).id)
    return video
  })
  router.on(relatedVideos, async ({ params, caller, language }) => ({
    items: await service.related(params.id, { caller, language }),
  }))
  router.on(getVideoJob, async ({ params, caller, language }) =>
    service.progress(await service.owned(params.id, caller), language),
  )

  router.on(listPosters, async ({ params, caller }) => ({
    items: await service.covers.list(params.id, caller),
  }))
  router.on(choosePoster, async ({ params, body, caller, language }) =>
    service.ownView(await service.covers.choose(params.id, body.poster, caller), { caller, language }),
  )
  router.on(uploadCover, async ({ params, caller, language, request }) => {
    await service.owned(params.id, caller)
    await pictures.take(caller.userId)
    const picture = await readPicture(request)
    return service.ownView(await service.covers.upload(params.id, picture, caller), { caller, language })
  })

  router.on(playVideo, async ({ params, body, caller, address }) => {
    await service.reactions.play(params.id, { caller, address }, body?.position)
    return null
  })
  router.on(likeVideo, async ({ params, caller }) => {
    await likes.take(caller.userId)
    return service.reactions.like(params.id, caller)
  })
  router.on(unlikeVideo, async ({ params, caller }) => {
    await likes.take(caller.userId)
    return service.reactions.unlike(params.id, caller)
  })
  mountExtraRoutes({ router, service, limits })
  mountReactionRoutes({ router, service, limits })
  mountSearchRoutes({ router, service, limits })
  router.on(listCategories, ({ language }) => ({
    items: categoryIds.map((id) => ({ id, name: say(categoryNames[id], language) })),
  }))
}
