/** Playback: the bytes that players and pages read. */
export { createDvr } from './dvr.ts'
export { mountDvrRoutes } from './dvr-routes.ts'
export { mountPlaybackRoutes } from './routes.ts'
