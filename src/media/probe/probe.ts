/** Owns finding out what an uploaded file is: by its first bytes here, by mediabunny in a child process with limits. */
import { open } from 'node:fs/promises'
import { runMediaChild } from './child.ts'
import { readLayout } from './boxes.ts'
import { sniff, sniffBytes } from './sniff.ts'
import type { Container } from '../ffmpeg/container.ts'

export interface VideoFacts {
  codec: string | null
  /** As shown: turned, with square pixels. */
  width: number
  height: number
  /** H.264, 8 bit 4:2:0 progressive, key frames at the start and every 10 s: every browser plays it as it is. */
  webReady: boolean
}

export interface AudioFacts {
  codec: string | null
  webReady: boolean
}

/** What mediabunny says of a file that it reads. */
export interface Facts {
  durationS: number
  video: VideoFacts | undefined
  audio: AudioFacts | undefined
}

export interface Probed {
  container: Container
  /** undefined where mediabunny does not know the container or its contents. */
  facts: Facts | undefined
  /** The edit list is more than a start: only a decoder can follow it. */
  complexEdits: boolean
}

/** Why a file is refused; the words of the product's failure codes. */
export type Refusal =
  'empty_file' | 'not_media' | 'playlist_refused' | 'no_video_track' | 'cut_short' | 'too_heavy'

export const probe = async (
  path: string,
  options: { signal?: AbortSignal } = {},
): Promise<Probed | { refused: Refusal; detail?: string }> => {
  await using file = await open(path)
  const { size } = await file.stat()
  const { buffer, bytesRead } = await file.read(Buffer.alloc(sniffBytes), 0, sniffBytes, 0)
  const sniffed = sniff(buffer.subarray(0, bytesRead))
  if ('refused' in sniffed) return sniffed
  const { container } = sniffed
  const layout = container === 'mov' ? await readLayout(file, size) : undefined
  if (layout?.cutShort === true) return { refused: 'cut_short' }
  const complexEdits = layout?.complexEdits ?? false
  if (!readable.has(container)) return { container, facts: undefined, complexEdits }
  const answer = await runMediaChild<ProbeAnswer>({
    script: new URL('./main.ts', import.meta.url),
    input: { path },
    read: [path],
    write: [],
    timeoutMs: 120_000,
    ...options,
  })
  if ('failed' in answer) {
    if (answer.failed === 'memory' || answer.failed === 'timeout') return { refused: 'too_heavy' }
    return { container, facts: undefined, complexEdits }
  }
  if (answer.result.cutShort) return { refused: 'cut_short' }
  return { container, facts: answer.result.facts, complexEdits }
}

const readable = new Set<Container>(['mov', 'matroska', 'mpegts', 'ogg'])

export interface ProbeAnswer {
  facts: Facts | undefined
  /** The last packet that the tables name is not in the file. */
  cutShort: boolean
}
