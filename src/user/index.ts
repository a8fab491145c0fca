/** The user feature: who somebody is to others. */
export { createRelations, maxFollowing } from './relations.ts'
export type { Relations } from './relations.ts'
export { mountRelationRoutes } from './relation-routes.ts'
export { createUserService, assertUsername } from './service.ts'
export type { UserService } from './service.ts'
export type { UserWithCounts } from './store.ts'
export { isoTime, toAuthor, toUser } from './view.ts'
export { mountUserRoutes } from './routes.ts'
