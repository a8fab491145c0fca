/** Owns the routes of danmaku on videos and of deleting one. */
import { deleteDanmaku, listVideoDanmaku, postVideoDanmaku } from '../../contract/danmaku.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller, Router } from '../platform/http/route.ts'
import type { UserService } from '../user/index.ts'
import type { DanmakuService, Timeline } from './service.ts'

/** A video's timeline, if this caller may see the video; undefined otherwise. */
export type FindTimeline = (
  videoId: string,
  caller: Caller | undefined,
) => Promise<(Timeline & { durationMs: number }) | undefined>

interface Deps {
  router: Router
  service: DanmakuService
  users: UserService
  timelineOf: FindTimeline
}

export const mountDanmakuRoutes = ({ router, service, users, timelineOf }: Deps): void => {
  const timelineFor = async (videoId: string, caller: Caller | undefined) => {
    const timeline = await timelineOf(videoId, caller)
    if (timeline === undefined) throw new AppError('not_found')
    return timeline
  }

  router.on(listVideoDanmaku, async ({ params, query, caller }) => {
    const { timelineId } = await timelineFor(params.id, caller)
    const toMs = query.to === undefined ? undefined : query.to * 1000
    return { items: await service.range(timelineId, query.from * 1000, toMs) }
  })

  router.on(postVideoDanmaku, async ({ params, body, caller }) => {
    const timeline = await timelineFor(params.id, caller)
    const author = await users.row(caller.userId)
    if (author === undefined) throw new AppError('unauthenticated')
    // The player's clock may be a little beyond the end.
    const mediaMs = Math.min(body.time * 1000, timeline.durationMs)
    return service.write(timeline, author, { ...body, mediaMs })
  })

  router.on(deleteDanmaku, async ({ params, caller }) => {
    await service.remove(params.id, caller)
    return null
  })
}
