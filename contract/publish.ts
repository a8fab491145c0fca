/**
 * Owns the socket through which a browser goes live, at `publishPath` with subprotocols `vireo.1` and `ticket.{ticket}`.
 *
 * Text messages are the JSON below. Binary messages are slices, of at most `sliceBytes`, of one byte stream of frames:
 * `u8 kind (8 audio, 9 video) · u24 length · u32 timestamp in ms · body`, numbers big-endian, `body` the body of an FLV
 * tag, plain or Enhanced RTMP (H.264, H.265, AV1, VP9; AAC, Opus). The first frames are the sequence headers.
 */
import { z } from 'zod'
import { apiPrefix, id } from './common.ts'

export const publishPath = `${apiPrefix}/me/room/publish`

export const sliceBytes = 4096
export const frameHeadBytes = 8
export const maxFrameBytes = 4 * 1024 * 1024
export const frameKinds = { audio: 8, video: 9 } as const

export const publishClient = z.discriminatedUnion('type', [
  /** Once, before any frame; the picture's size is for codecs whose header does not tell it. */
  z.strictObject({
    type: z.literal('start'),
    width: z.number().int().min(1).max(7680).optional(),
    height: z.number().int().min(1).max(4320).optional(),
  }),
  /** Said goodbye: the replay is there at once. */
  z.strictObject({ type: z.literal('stop') }),
  z.strictObject({ type: z.literal('heartbeat') }),
])
export type PublishClient = z.input<typeof publishClient>

/**
 * - `taken_over`: another publisher of the room came; `ended`: the session is over. Neither is worth trying again.
 * - `room_closed`: a moderator closed the room or banned its owner.
 * - `invalid`: the frames could not be packaged; `reason` says why in plain English.
 * - `unavailable`: ingest is away or restarting; within 60 s the same session goes on.
 */
export const publishEnd = z.enum(['taken_over', 'ended', 'room_closed', 'invalid', 'unavailable'])

export const publishServer = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), session_id: id, room_id: id }),
  /** Once a second: how much has arrived. */
  z.object({ type: z.literal('ack'), received_bytes: z.number() }),
  z.object({ type: z.literal('end'), end: publishEnd, reason: z.string() }),
])
export type PublishServer = z.output<typeof publishServer>
export type PublishEnd = z.output<typeof publishEnd>
