/** Owns the routes of clips. */
import { getClipSource, listPeaks, makeClip } from '../../contract/clip.ts'
import type { Caller, Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { Clips } from './clips.ts'

interface Deps {
  router: Router
  limits: Limits
  live: { clips: Clips }
  /** Of a video that the caller may see. Throws `not_found`. */
  timelineOf: (videoId: string, caller: Caller | undefined) => Promise<{ timelineId: string }>
}

export const mountClipRoutes = ({ router, limits, live: { clips }, timelineOf }: Deps): void => {
  const made = limits.create({ name: 'clip', points: 10, windowS: 600 })

  router.on(makeClip, async ({ params, body, caller }) => {
    await made.take(caller.userId)
    return clips.make(params.id, caller.userId, body)
  })

  router.on(listPeaks, async ({ params }) => ({ items: await clips.peaks(params.id) }))

  router.on(getClipSource, async ({ params, caller }) => ({
    source: await clips.sourceOf((await timelineOf(params.id, caller)).timelineId),
  }))
}
