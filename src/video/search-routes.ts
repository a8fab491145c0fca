/** Owns the routes of suggestions and hot searches. */
import { hotSearches, suggestSearches } from '../../contract/video.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { VideoService } from './index.ts'

export const mountSearchRoutes = (deps: { router: Router; service: VideoService; limits: Limits }): void => {
  const { router, service, limits } = deps
  const typing = limits.create({ name: 'search_suggest', points: 240, windowS: 60 })

  router.on(suggestSearches, async ({ query, address }) => {
    await typing.take(address)
    return { items: await service.search.suggest(query.q) }
  })
  router.on(hotSearches, async () => ({ items: await service.search.hot() }))
}
