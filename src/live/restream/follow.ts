/**
 * Owns reading a running session part by part, as a player of low-latency HLS would: first its init, then from the
 * last part that begins with a keyframe on. It ends where the codec configuration changes: then one begins anew.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { IngestLink } from '../../ingest/index.ts'

export interface Followed {
  name: string
  bytes: Buffer
}

interface Listed {
  init: string
  name: string
  msn: number
  part: number
  independent: boolean
}

const againMs = 500

/** The parts that a playlist lists, each with the init it needs. */
export const listParts = (playlist: string): Listed[] => {
  let init = ''
  return playlist.split('\n').flatMap((line): Listed[] => {
    init = /^#EXT-X-MAP:URI="([^"]+)"/.exec(line)?.[1] ?? init
    const [, name, msn, part] = /^#EXT-X-PART:.*URI="(p(\d+)\.(\d+)\.mp4)"/.exec(line) ?? []
    if (name === undefined) return []
    const independent = line.includes('INDEPENDENT=YES')
    return [{ init, name, msn: Number(msn), part: Number(part), independent }]
  })
}

const isAfter = (a: Listed, b: Listed): boolean => a.msn > b.msn || (a.msn === b.msn && a.part > b.part)

/** Never rejects for a publisher that is away for a while; ends with `signal`, or when the init changes. */
export async function* follow(
  link: IngestLink,
  sessionId: string,
  signal: AbortSignal,
): AsyncGenerator<Followed> {
  let last: Listed | undefined
  while (!signal.aborted) {
    const after = last && { msn: last.msn, part: last.part + 1 }
    const answer = await link.playlist(sessionId, 'll', after ?? {})
    if (answer.status !== 200) {
      await sleep(againMs, undefined, { signal }).catch(() => undefined)
      continue
    }
    const parts = listParts(answer.body.toString())
    const before = last
    const known = before !== undefined && parts.some(({ name }) => name === before.name)
    // At the start, and for who fell behind what is listed: the last place where a picture can begin.
    const from = known
      ? parts.filter((part) => isAfter(part, before))
      : parts.slice(
          Math.max(
            0,
            parts.findLastIndex(({ independent }) => independent),
          ),
        )
    if (!known && !parts.some(({ independent }) => independent)) {
      await sleep(againMs, undefined, { signal }).catch(() => undefined)
      continue
    }
    for (const part of from) {
      if (before !== undefined && part.init !== before.init) return
      if (last === undefined) {
        const init = await link.file(sessionId, part.init)
        if (init.status !== 200) break
        yield { name: part.init, bytes: init.body }
      }
      const file = await link.file(sessionId, part.name)
      if (file.status !== 200 || signal.aborted) break
      last = part
      yield { name: part.name, bytes: file.body }
    }
    // An answer that brought nothing new must not be asked for again at once.
    if (from.length === 0) await sleep(100, undefined, { signal }).catch(() => undefined)
  }
}
