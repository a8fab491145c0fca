/** Owns how much later parts come than their durations say, seen by a viewer. */
import { watchLl } from './ll-client.ts'

/** For every part, ms behind the earliest rhythm seen: a stream that never hesitates gives zeros. */
export const watchLateness = async (bases: readonly string[], seconds: number): Promise<number[]> => {
  const endMs = performance.now() + seconds * 1000
  const lists = await Promise.all(
    bases.map(async (base) => {
      const seen: { atMs: number; mediaMs: number }[] = []
      let mediaMs = 0
      await watchLl(
        base,
        {
          onPlaylist({ atMs, body }, { uri }) {
            const text = body.toString()
            const at = text.indexOf(`URI="${uri}"`)
            const line = text.slice(text.lastIndexOf('\n', at), at)
            mediaMs += Number(/DURATION=([\d.]+)/.exec(line)?.[1] ?? 0) * 1000
            seen.push({ atMs, mediaMs })
          },
        },
        () => performance.now() > endMs,
      )
      const offsets = seen.map((one) => one.atMs - one.mediaMs)
      const earliest = Math.min(...offsets)
      return offsets.map((offset) => offset - earliest)
    }),
  )
  return lists.flat()
}
