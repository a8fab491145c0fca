/** Comments on videos: threads of two levels, with likes, mentions, a pin, and a guard against spam. */
import './tables.ts'
import * as store from './store.ts'
import { createCommentService } from './service.ts'
import type { CommentDeps, CommentService } from './service.ts'

export { mountCommentRoutes } from './routes.ts'
export type { CommentService } from './service.ts'

export const createComments = (deps: CommentDeps): CommentService => {
  deps.videos.upkeep.alsoPurge(store.deleteOfVideo)
  return createCommentService(deps)
}
