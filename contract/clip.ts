/** Owns clips: the last moments of a live session, kept by whoever saw them as a video of their own. */
import { z } from 'zod'
import { apiPrefix, id, idParams, line, seconds } from './common.ts'
import { endpoint } from './endpoint.ts'
import { author } from './user.ts'

const tag = 'live'

/** Who may make clips in a room: whoever is signed in, or its owner alone. */
export const clipsChoice = z.enum(['everyone', 'owner'])

export const shortestClipS = 5
export const longestClipS = 60

export const makeClip = endpoint({
  method: 'POST',
  path: `${apiPrefix}/live/{id}/clips`,
  tag,
  summary: 'Keep the last moments of the running session as a video of mine',
  access: 'user',
  params: idParams,
  body: z.strictObject({
    /** How long it is to be. */
    length: z.number().min(shortestClipS).max(longestClipS).default(30),
    /** How far behind the live edge it ends. */
    behind: z.number().min(0).max(86_400).default(0),
    title: line(80).pipe(z.string().min(1)).optional(),
  }),
  data: z.object({ video_id: id, from: seconds, duration: seconds }),
  errors: ['not_found', 'forbidden', 'muted', 'room_not_live', 'clip_unavailable', 'rate_limited'],
  success: { zh: '剪好了', en: 'The clip is ready' },
})

export const listPeaks = endpoint({
  method: 'GET',
  path: `${apiPrefix}/live/{id}/peaks`,
  tag,
  summary: 'The moments of the running session at which most was said: good beginnings for clips',
  access: 'optional',
  params: idParams,
  data: z.object({ items: z.array(z.object({ at: seconds, behind: seconds, said: z.number().int() })) }),
  errors: ['not_found'],
})

export const getClipSource = endpoint({
  method: 'GET',
  path: `${apiPrefix}/videos/{id}/clip_source`,
  tag,
  summary: 'The room and moment that a video was clipped from; null where it is no clip',
  access: 'optional',
  params: idParams,
  data: z.object({
    source: z
      .object({
        room_id: id,
        title: z.string(),
        author,
        /** Where it begins in the session. */
        from: seconds,
        /** The session's replay, if everybody may see it. */
        replay_id: id.nullable(),
      })
      .nullable(),
  }),
  errors: ['not_found'],
})
