/** Owns a process that watches many streams and prints, as one line of JSON, how late each playlist was. */
import { nowMs, watchLl } from './ll-client.ts'
import { stampOf } from './stamp.ts'

const { bases, seconds } = JSON.parse(process.argv[2] ?? '{}') as { bases: string[]; seconds: number }
const delays: number[] = []
const settleMs = nowMs() + 3_000
const endMs = settleMs + seconds * 1000

await Promise.all(
  bases.map(async (base) => {
    /** When the playlist with the part before came; the first frame of the next part is what completed it. */
    let toldMs: number | undefined
    let told = 0
    await watchLl(
      base,
      {
        onPlaylist: (answer) => {
          told = answer.atMs
        },
        onPart(answer) {
          const sentMs = stampOf(answer.body)
          if (toldMs !== undefined && sentMs !== undefined && sentMs > settleMs) delays.push(toldMs - sentMs)
          toldMs = told
        },
        onTrouble: () => {
          toldMs = undefined
        },
      },
      () => nowMs() > endMs,
    )
  }),
)
process.stdout.write(`${JSON.stringify(delays)}\n`, () => process.exit(0))
