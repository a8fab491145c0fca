/** Owns the short names under which pages know what the server sends. */
import type { z } from 'zod'
import type { videoJob } from '../../contract/video.ts'

export type { CategoryId, FailureCode, OwnVideo, Video } from '../../contract/video.ts'
export type VideoJob = z.output<typeof videoJob>
export type { Danmaku } from '../../contract/danmaku.ts'
export type {
  Health,
  HealthPoint,
  OwnRoom,
  Room,
  RoomSocketClient,
  RoomSocketServer,
} from '../../contract/live.ts'
export type { Site } from '../../contract/site.ts'
export type { Author, Me, User } from '../../contract/user.ts'
