/**
 * Owns a process of its own that publishes one clip to many stream keys in real time, each a little later than the one
 * before, so that what it costs is not counted as the server's. It is told in one JSON argument and ends on SIGTERM.
 */
import { readFileSync } from 'node:fs'
import { isHeader, readFlv } from '../../tests/rtmp/flv.ts'
import { publishRtmp } from '../../tests/rtmp/publisher.ts'
import type { RtmpPublisher } from '../../tests/rtmp/publisher.ts'
import { nowMs as timeMs } from './ll-client.ts'
import { stampTag } from './stamp.ts'

export interface ManyOptions {
  /** An FLV file. */
  clip: string
  port: number
  app?: string
  keys: string[]
  /** Every frame carries the time at which it was sent. */
  stamped?: boolean
  /** Publishers begin this far apart. */
  apartMs?: number
}

const options = JSON.parse(process.argv[2] ?? '{}') as ManyOptions
const tags = readFlv(readFileSync(options.clip))
const headers = tags.filter(isHeader)
const frames = tags.filter((tag) => !isHeader(tag))
const lastMs = frames.at(-1)?.timestampMs ?? 0
const clipMs = lastMs + lastMs / Math.max(1, frames.filter(({ type }) => type === 9).length - 1)

interface Running {
  publisher: RtmpPublisher
  startedMs: number
  next: number
  loop: number
}

const begin = async (key: string): Promise<Running> => {
  const publisher = await publishRtmp({ port: options.port, ...(options.app && { app: options.app }), key })
  for (const tag of headers) publisher.send(tag, 0)
  return { publisher, startedMs: performance.now(), next: 0, loop: 0 }
}

/** What is due; a socket that takes no more waits for the next round. */
const advance = (one: Running, nowMs: number): void => {
  for (;;) {
    const tag = frames[one.next]
    if (tag === undefined) {
      one.next = 0
      one.loop++
      continue
    }
    const timestampMs = Math.round(tag.timestampMs + one.loop * clipMs)
    const { socket } = one.publisher
    if (timestampMs > nowMs - one.startedMs || socket.destroyed || socket.writableNeedDrain) return
    const isStamped = options.stamped === true && tag.type === 9
    one.publisher.send(isStamped ? { ...tag, body: stampTag(tag.body, timeMs()) } : tag, timestampMs)
    one.next++
  }
}

const running: Running[] = []
for (const key of options.keys) {
  running.push(await begin(key))
  await new Promise((resolve) => setTimeout(resolve, options.apartMs ?? 37))
  if (running.length === 1) {
    setInterval(() => {
      const nowMs = performance.now()
      for (const one of running) advance(one, nowMs)
    }, 5)
  }
}
process.stdout.write('publishing\n')
process.on('SIGTERM', () => {
  void Promise.all(running.map((one) => one.publisher.finish())).then(() => process.exit(0))
})
process.stdout.on('error', () => process.exit(0))
