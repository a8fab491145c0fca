/** Owns reading a browser's frames out of the slices in which they come. It refuses what is no frame or too long. */
import { frameHeadBytes, frameKinds, maxFrameBytes } from '../../contract/publish.ts'

export interface PublishFrame {
  kind: 'video' | 'audio'
  timestampMs: number
  body: Buffer
}

export interface PublishFrames {
  /** The frames that are whole now; undefined once anything was no frame. */
  push(slice: Buffer): PublishFrame[] | undefined
}

const kindOf = (byte: number | undefined): PublishFrame['kind'] | undefined =>
  byte === frameKinds.video ? 'video' : byte === frameKinds.audio ? 'audio' : undefined

export const createPublishFrames = (): PublishFrames => {
  const head = Buffer.alloc(frameHeadBytes)
  let headFilled = 0
  let frame: PublishFrame | undefined
  let filled = 0
  let broken = false

  const begin = (): void => {
    const kind = kindOf(head[0])
    const length = head.readUIntBE(1, 3)
    if (kind === undefined || length === 0 || length > maxFrameBytes) broken = true
    else frame = { kind, timestampMs: head.readUInt32BE(4), body: Buffer.allocUnsafeSlow(length) }
    headFilled = 0
    filled = 0
  }

  /** Takes some of the bytes; how many. */
  const step = (bytes: Buffer): number => {
    if (frame !== undefined) {
      const count = bytes.copy(frame.body, filled)
      filled += count
      return count
    }
    const count = bytes.copy(head, headFilled)
    headFilled += count
    if (headFilled === frameHeadBytes) begin()
    return count
  }

  return {
    push(slice) {
      const whole: PublishFrame[] = []
      for (let at = 0; at < slice.length && !broken;) {
        at += step(slice.subarray(at))
        if (frame === undefined || filled < frame.body.length) continue
        whole.push(frame)
        frame = undefined
      }
      return broken ? undefined : whole
    },
  }
}
