/** Owns making a playable file of one that holds H.264 and AAC already: nothing is encoded again. */
import { runMediaChild } from '../probe/child.ts'
import type { Ended } from '../ffmpeg/limited.ts'

export interface RemuxInput {
  /** An MP4, MOV or Matroska file. */
  source: string
  /** Where the fragmented MP4 goes. */
  target: string
  /** Where its media playlist goes. */
  playlist: string
  /** The target's address in the playlist, relative to it. */
  uri: string
}

export interface Remuxed {
  durationMs: number
  /** As shown, after turning. */
  width: number
  height: number
  sizeBytes: number
  /** Of the heaviest segment, bits per second. */
  bandwidth: number
  codecs: string
}

/** Writes the target and its playlist in a child process whose memory does not grow with the file. */
export const remux = (
  input: RemuxInput,
  options: { signal?: AbortSignal; onProgress?: (fraction: number) => void; timeoutMs: number },
): Promise<{ result: Remuxed } | { failed: Ended; detail: string }> =>
  runMediaChild<Remuxed>({
    script: new URL('./main.ts', import.meta.url),
    input,
    read: [input.source, input.target],
    write: [input.target, input.playlist],
    ...options,
  })
