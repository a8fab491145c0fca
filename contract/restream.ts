/** Owns what a creator connects to a room: destinations elsewhere, the overlay for OBS, and its address. */
import { z } from 'zod'
import { apiPrefix, empty, id, idParams, line, nothing, time } from './common.ts'
import { endpoint } from './endpoint.ts'

const tag = 'room'

/**
 * - `off`: switched off; `idle`: waits for the room to go live.
 * - `connecting`, `live`: sends; `retrying`: failed and tries again at `retry_at`.
 */
export const destinationState = z.enum(['off', 'idle', 'connecting', 'live', 'retrying'])
export type DestinationState = z.infer<typeof destinationState>

/** Why it failed; the web has a sentence for each. */
export const destinationProblem = z.enum([
  'address_refused',
  'unreachable',
  'tls_failed',
  'refused',
  'closed',
  'too_slow',
  'no_ffmpeg',
  'source',
])
export type DestinationProblem = z.infer<typeof destinationProblem>

export const destination = z.object({
  id,
  name: z.string(),
  /** Without the stream key, which is never shown again. */
  url: z.string(),
  enabled: z.boolean(),
  state: destinationState,
  problem: destinationProblem.nullable(),
  /** Since when it is in this state. */
  since: time,
  retry_at: time.nullable(),
  /** Failures in a row. */
  failures: z.number().int(),
})
export type Destination = z.infer<typeof destination>

const name = line(40).pipe(z.string().min(1))
const url = z.string().trim().min(10).max(500).meta({ example: 'rtmps://live.example.com/app' })
const streamKey = z.string().trim().min(1).max(500)
const one = { access: 'user', tag } as const

export const listDestinations = endpoint({
  ...one,
  method: 'GET',
  path: `${apiPrefix}/me/room/destinations`,
  summary: 'Where my stream is passed on to, and how that does',
  data: z.object({ items: z.array(destination) }),
})

export const addDestination = endpoint({
  ...one,
  method: 'POST',
  path: `${apiPrefix}/me/room/destinations`,
  summary: 'Pass my stream on to an RTMP(S) server; at most 5',
  body: z.strictObject({ name, url, stream_key: streamKey }),
  data: destination,
  errors: ['destination_refused', 'too_many', 'rate_limited'],
})

export const changeDestination = endpoint({
  ...one,
  method: 'PATCH',
  path: `${apiPrefix}/me/room/destinations/{id}`,
  summary:
    'Change a destination; without a key the one it has stays, but another address needs its key again',
  params: idParams,
  body: z.strictObject({
    name: name.optional(),
    url: url.optional(),
    stream_key: streamKey.optional(),
    enabled: z.boolean().optional(),
  }),
  data: destination,
  errors: ['not_found', 'destination_refused', 'params_missing', 'rate_limited'],
})

export const removeDestination = endpoint({
  ...one,
  method: 'DELETE',
  path: `${apiPrefix}/me/room/destinations/{id}`,
  summary: 'Pass my stream on there no longer',
  params: idParams,
  data: nothing,
  errors: ['not_found'],
})

const overlayAddress = z.object({
  /** `/overlay#secret`: a page for a browser source. null until it was first made. */
  path: z.string().nullable(),
})

export const getMyOverlay = endpoint({
  ...one,
  method: 'GET',
  path: `${apiPrefix}/me/room/overlay`,
  summary: 'The secret address of my overlay for OBS',
  data: overlayAddress,
})

export const renewOverlay = endpoint({
  ...one,
  method: 'POST',
  path: `${apiPrefix}/me/room/overlay`,
  summary: 'A new secret address of my overlay; the old one stops working',
  body: empty.optional(),
  data: overlayAddress,
  errors: ['rate_limited'],
})

export const openOverlay = endpoint({
  method: 'POST',
  path: `${apiPrefix}/overlay`,
  tag,
  summary: 'The room that an overlay shows, by its secret',
  access: 'none',
  body: z.strictObject({ secret: z.string().regex(/^[\w-]{32}$/) }),
  data: z.object({ room_id: id }),
  errors: ['not_found', 'rate_limited'],
})

/** A zip for OBS; not in the envelope. `?rotate=true` puts a fresh stream key in, else there is a placeholder. */
export const obsKitPath = `${apiPrefix}/me/room/obs_kit`
