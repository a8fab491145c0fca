/**
 * Owns a process full of viewers that do as little as possible: a socket each, requests written by hand, answers counted
 * and thrown away. It prints `ready`, and after its time how many parts came.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { hintOf } from './ll-client.ts'

const { base, viewers, seconds, mode } = JSON.parse(process.argv[2] ?? '{}') as {
  base: string
  viewers: number
  seconds: number
  mode: 'll' | 'files'
}
const { hostname, port, pathname } = new URL(base)
const prefix = pathname.replace(/\/$/, '')
let parts = 0

/** One answer after the other from one socket; the body is kept only where it is asked for. */
const createAsker = (socket: Socket) => {
  let head = ''
  let left = -1
  let body = ''
  let keeps = false
  let settle: (body: string) => void = () => undefined
  socket.on('data', (bytes: Buffer) => {
    let at = 0
    if (left < 0) {
      const text = bytes.toString('latin1')
      const end = (head + text).indexOf('\r\n\r\n')
      if (end < 0) {
        head += text
        return
      }
      const whole = head + text
      at = end + 4 - head.length
      left = Number(/content-length: (\d+)/i.exec(whole.slice(0, end))?.[1] ?? 0)
      head = ''
    }
    left -= bytes.length - at
    if (keeps) body += bytes.toString('latin1', at)
    if (left > 0) return
    left = -1
    settle(body)
  })
  return (path: string, isKept: boolean): Promise<string> =>
    new Promise((resolve) => {
      settle = resolve
      keeps = isKept
      body = ''
      socket.write(`GET ${prefix}${path} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`)
    })
}

let isCounting = false
const watch = async (n: number): Promise<void> => {
  const ask = createAsker(connect(Number(port), hostname).setNoDelay(true))
  if (mode === 'files') {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 500))
      await ask(`/p${n % 4}.mp4`, false)
      if (isCounting) parts++
    }
  }
  let hint = hintOf(await ask('/ll.m3u8', true))
  while (hint !== undefined) {
    const playlist = await ask(`/ll.m3u8?_HLS_msn=${hint.msn}&_HLS_part=${hint.part}`, true)
    await ask(`/${hint.uri}`, false)
    if (isCounting) parts++
    hint = hintOf(playlist)
  }
}

for (let n = 0; n < viewers; n++) void watch(n)
setTimeout(() => {
  isCounting = true
  process.stdout.write('ready\n')
  setTimeout(() => {
    process.stdout.write(`${JSON.stringify({ parts })}\n`, () => process.exit(0))
  }, seconds * 1000)
}, 4_000)
