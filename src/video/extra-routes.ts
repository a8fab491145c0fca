/** Owns the routes of captions and of batches. */
import { deleteCaption, uploadCaption } from '../../contract/caption.ts'
import { batchVideos } from '../../contract/studio.ts'
import { readPicture } from '../platform/http/multipart.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { VideoService } from './index.ts'

const maxCaptionBytes = 2 * 1024 * 1024

export const mountExtraRoutes = (deps: { router: Router; service: VideoService; limits: Limits }): void => {
  const { router, service, limits } = deps
  const files = limits.create({ name: 'video_caption', points: 60, windowS: 3600 })
  const batches = limits.create({ name: 'video_batch', points: 30, windowS: 60 })

  router.on(uploadCaption, async ({ params, query, caller, language, request }) => {
    await service.owned(params.id, caller)
    await files.take(caller.userId)
    const file = await readPicture(request, maxCaptionBytes)
    const given = { lang: query.lang, label: query.label, file }
    return service.ownView(await service.captions.put(params.id, given, caller), { caller, language })
  })
  router.on(deleteCaption, async ({ params, caller, language }) =>
    service.ownView(await service.captions.remove(params.id, params.lang, caller), { caller, language }),
  )
  router.on(batchVideos, async ({ body, caller, language }) => {
    await batches.take(caller.userId)
    return service.batch(body, { caller, language })
  })
}
