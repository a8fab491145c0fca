/** Playback: the bytes that players and pages read. */
export { mountPlaybackRoutes } from './routes.ts'
