/** Danmaku: what is written over a video or a live room, on one timeline from live to replay. */
import './tables.ts'

export { createDanmakuService as createDanmaku, deletedChannel, isModerator } from './service.ts'
export { forever } from './moderators.ts'
export type { DanmakuDeleted, DanmakuDeps, DanmakuService, NewDanmaku, Timeline } from './service.ts'
export { createCuration } from './curation.ts'
export { mountCurationRoutes } from './curation-routes.ts'
export { deleteTimeline } from './curation-store.ts'
export { mountDanmakuRoutes } from './routes.ts'
export type { FindTimeline } from './routes.ts'
