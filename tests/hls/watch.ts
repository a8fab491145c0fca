/**
 * Owns watching a live session over all of its playlists at once and checking each answer and each file: blocked and
 * hinted requests, delta updates, the plain playlist, what must be refused, and every part and segment.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createConformance } from './conformance.ts'
import { readWithFfprobe, readWithMediabunny } from './media-files.ts'
import type { TrackFacts } from './media-files.ts'
import { readMediaPlaylist } from './media-playlist.ts'

/** Where a session is watched: through the link, or over HTTP. */
export interface Door {
  playlist(kind: 'll' | 'plain', query: { msn?: number; part?: number; skip?: boolean }): Promise<Reply>
  file(name: string): Promise<Reply>
}

export interface Reply {
  status: number
  body: Buffer
}

export interface Watched {
  playlists: number
  deltas: number
  parts: number
  segments: number
  refused: number
  discontinuities: number
  broken: string[]
}

const describe = (facts: readonly TrackFacts[]): string =>
  facts
    .map(({ kind, packets, beginsWithKey }) => `${kind} ${packets} ${beginsWithKey ? 'key' : ''}`)
    .join(', ')

/** Watches until `isOver`, or until the session has ended; `onEdge` may look at each playlist. */
export const watchConformance = async (door: Door, isOver: () => boolean): Promise<Watched> => {
  const rules = createConformance()
  const deltas = createConformance()
  const broken: string[] = []
  const inits = new Map<string, Promise<Reply>>()
  const done = new Set<string>()
  let [parts, segments, refused, discontinuities, deltaCount, loops] = [0, 0, 0, 0, 0, 0]

  const initOf = (map: string): Promise<Reply> => {
    const known = inits.get(map) ?? door.file(map)
    inits.set(map, known)
    return known
  }

  /** Both parsers read it, agree, and find the time that the playlist says. */
  const checkFile = async (
    name: string,
    map: string,
    durationS: number,
    independent: boolean,
  ): Promise<void> => {
    const [init, media] = await Promise.all([initOf(map), door.file(name)])
    if (init.status !== 200 || media.status !== 200) {
      broken.push(`${name}: ${init.status} ${media.status}`)
      return
    }
    const bytes = Buffer.concat([init.body, media.body])
    try {
      const [first, second] = await Promise.all([readWithFfprobe(bytes), readWithMediabunny(bytes)])
      if (describe(first) !== describe(second))
        broken.push(`${name}: ${describe(first)} ≠ ${describe(second)}`)
      const master = first.find(({ kind }) => kind === 'video') ?? first[0]
      if (master === undefined) broken.push(`${name} is empty`)
      else if (Math.abs(master.toS - master.fromS - durationS) > 0.12) {
        broken.push(`${name} lasts ${(master.toS - master.fromS).toFixed(3)} s, not ${durationS}`)
      } else if (independent !== master.beginsWithKey)
        broken.push(`${name} is independent where it begins with a key`)
    } catch (error) {
      broken.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  let lastMap = ''
  const checkFiles = async (text: string): Promise<void> => {
    for (const segment of readMediaPlaylist(text).segments) {
      lastMap = segment.map ?? lastMap
      for (const part of segment.parts) {
        if (done.has(part.uri)) continue
        done.add(part.uri)
        parts++
        await checkFile(part.uri, lastMap, part.durationS, part.independent)
      }
      if (segment.uri === undefined || done.has(segment.uri)) continue
      done.add(segment.uri)
      if (segment.discontinuity) discontinuities++
      segments++
      const independent = segment.parts[0]?.independent
      if (independent !== undefined) await checkFile(segment.uri, lastMap, segment.durationS, independent)
    }
  }

  const expectRefused = async (query: { msn?: number; part?: number }): Promise<void> => {
    const { status } = await door.playlist('ll', query)
    if (status === 400) refused++
    else broken.push(`${JSON.stringify(query)} is answered with ${status}, not 400`)
  }

  const follow = async (): Promise<void> => {
    let next: { msn: number; part: number } | undefined
    while (!isOver()) {
      const answer = await door.playlist('ll', next ?? {})
      if (answer.status === 503 && next !== undefined) continue
      if (answer.status !== 200) throw new Error(`playlist: ${answer.status}`)
      const text = answer.body.toString()
      rules.see(text, 'll', next)
      if (loops++ % 3 === 0 && next !== undefined) {
        // Alone it is a history of its own: what a delta skips must have been told before.
        const delta = await door.playlist('ll', { ...next, skip: true })
        if (deltaCount++ === 0) deltas.see(text, 'll', next)
        deltas.see(delta.body.toString(), 'll', next)
      }
      const playlist = readMediaPlaylist(text)
      if (playlist.ended) return
      const hint = /p(\d+)\.(\d+)\.mp4$/.exec(playlist.hint ?? '')
      if (hint === null) throw new Error('no hint')
      next = { msn: Number(hint[1]), part: Number(hint[2]) }
      if (loops % 10 === 1) {
        await expectRefused({ msn: next.msn + 5 })
        await expectRefused({ msn: next.msn, part: next.part + 60 })
        await expectRefused({ part: 0 })
      }
      pending = pending.then(() => checkFiles(text))
    }
  }

  const followPlain = async (): Promise<void> => {
    while (!isOver()) {
      const answer = await door.playlist('plain', {})
      const text = answer.body.toString()
      if (answer.status === 200) rules.see(text, 'plain')
      if (text.includes('#EXT-X-ENDLIST')) return
      await sleep(700)
    }
  }

  let pending = Promise.resolve()
  await Promise.all([follow(), followPlain()])
  await pending
  broken.push(...rules.broken, ...deltas.broken.map((line) => `delta ${line}`))
  return {
    playlists: rules.seen + deltas.seen,
    deltas: deltaCount,
    parts,
    segments,
    refused,
    discontinuities,
    broken,
  }
}
