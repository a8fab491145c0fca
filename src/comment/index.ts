/** Comments on videos and posts: threads of two levels, with likes, mentions, a pin, and a guard against spam. */
import './tables.ts'
export { mountCommentRoutes } from './routes.ts'
export { createCommentService as createComments } from './service.ts'
export type { CommentService } from './service.ts'
export { deleteCommentsOf } from './store.ts'
export { createVideoSubject } from './subject.ts'
export type { Commented, Subject } from './subject.ts'
