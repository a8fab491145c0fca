/**
 * Owns the promise about a crowd that waits for the next part of a stream which ends instead: nobody is left hanging,
 * and what they cost comes back.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { startMachine, until } from '../machine.ts'
import type { Machine, Person } from '../machine.ts'
import { publish } from '../publisher.ts'

/** Node raises its own limit to what the system allows; both ends of a connection count, each in its process. */
const openFiles = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()) || Infinity
const viewers = Math.min(10_000, openFiles - 1_000)
/** Below what the kernel queues for Node. */
const atOnce = 250

interface Viewer {
  socket: Socket
  /** Status and body of the next answer; 0 where the connection broke. */
  ask(path: string): Promise<{ status: number; body: string }>
}

const open = (port: number): Viewer => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let text = ''
  let settle: ((answer: { status: number; body: string }) => void) | undefined
  const take = (): void => {
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/^content-length: (\d+)/im.exec(text.slice(0, end))?.[1] ?? 0)
    if (text.length < end + 4 + length) return
    const answer = { status: Number(text.slice(9, 12)), body: text.slice(end + 4) }
    text = ''
    settle?.(answer)
  }
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece
    take()
  })
  socket.on('error', () => undefined)
  socket.on('close', () => settle?.({ status: 0, body: '' }))
  return {
    socket,
    ask: (path) =>
      new Promise((resolve) => {
        settle = resolve
        socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
      }),
  }
}

const memoryOf = async (machine: Machine): Promise<number> => {
  const pid = await machine.pidOf('vireo-api')
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1]) / 1024
}

/** What the API's own objects take, in MB. */
const heapOf = async (machine: Machine): Promise<number> => {
  const text = await (await fetch(`${machine.base}/metrics`)).text()
  return Number(/^\w*nodejs_heap_size_used_bytes (\d+)/m.exec(text)?.[1]) / 2 ** 20
}

/** An idle process collects when it likes, which may be minutes later: it is told to, over its debugger. */
const collectGarbage = async (machine: Machine): Promise<void> => {
  process.kill((await machine.pidOf('vireo-api')) ?? 0, 'SIGUSR1')
  const url = (): string | undefined => /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(machine.output())?.[0]
  await until('its debugger listens', () => url() !== undefined)
  const debugging = new WebSocket(url() ?? '')
  await once(debugging, 'open')
  for (let id = 1; id <= 3; id++) {
    debugging.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }))
    await once(debugging, 'message')
  }
  const closed = once(debugging, 'close')
  debugging.close()
  await closed
  // What it freed is given back to the system by another thread.
  await sleep(1_000)
}

/** A session of which so many wait for the next part when it ends; what the API needs meanwhile, in MB. */
const endWhileTheyWait = async (machine: Machine, owner: Person, url: string, count: number) => {
  // The first group of pictures sets the target duration, and three of those are how long one may be held: twelve seconds.
  const publisher = publish(url, { size: '320x180', gop: 120 })
  const play = `/play/live/${owner.roomId}/ll.m3u8`
  const crowd: Viewer[] = []
  try {
    const showsHint = async (): Promise<boolean> =>
      (await (await fetch(machine.base + play)).text()).includes('#EXT-X-PRELOAD-HINT')
    await until('it plays', showsHint, 60_000)
    while (crowd.length < count) {
      const some = Array.from({ length: Math.min(atOnce, count - crowd.length) }, () =>
        open(machine.httpPort),
      )
      crowd.push(...some)
      // As players do; a connection without a request is cut after ten seconds.
      for (const { status } of await Promise.all(some.map(({ ask }) => ask(play)))) expect(status).toBe(200)
    }
    // Now no part comes any more, but the session is on.
    await publisher.kill()
    await sleep(500)
    const text = await (await fetch(machine.base + play)).text()
    const [, msn, part] = /PRELOAD-HINT:TYPE=PART,URI="[^"]*p(\d+)\.(\d+)\.mp4"/.exec(text) ?? []
    const asked = [
      `${play}?_HLS_msn=${msn}&_HLS_part=${part}`,
      `${play}?_HLS_msn=${msn}&_HLS_part=${part}&_HLS_skip=YES`,
      `${play}?_HLS_msn=${msn}`,
    ]
    let early = 0
    let isOver = false
    const answers = crowd.map(async ({ ask }, n) => {
      const answer = await ask(asked[n % asked.length] ?? play)
      if (!isOver) early++
      return answer
    })
    await sleep(1_500)
    expect(early).toBe(0)
    const heldMb = await memoryOf(machine)
    isOver = true
    expect((await machine.request('POST', '/api/v1/me/room/end', owner.token, {})).status).toBe(200)
    const all = Promise.all(answers)
    const late = sleep(30_000, 'some are left hanging' as const)
    const got = await Promise.race([all, late])
    if (typeof got === 'string') throw new Error(got)
    const wrong = got.filter(({ status, body }) => status !== 200 || !body.endsWith('#EXT-X-ENDLIST\n'))
    expect(wrong.slice(0, 3)).toEqual([])
    return { heldMb }
  } finally {
    for (const { socket } of crowd) socket.destroy()
    await publisher.kill()
  }
}

it('answers everybody who waits when a stream ends, and has its memory back afterwards', async () => {
  expect(viewers, `the system allows ${openFiles} open files: raise ulimit -n`).toBeGreaterThanOrEqual(2_000)
  // Any port for what `collectGarbage` opens.
  await using machine = await startMachine({ environment: { NODE_OPTIONS: '--inspect-port=0' } })
  const owner = await machine.register()
  await machine.request('PATCH', '/api/v1/me/room', owner.token, { replay: 'none' })
  const { data } = await machine.request('POST', '/api/v1/me/room/stream_key', owner.token, {})
  const url = `rtmp://127.0.0.1:${machine.rtmpPort}/live/${(data as { stream_key: string }).stream_key}`
  // What is loaded and compiled once is no leak.
  await endWhileTheyWait(machine, owner, url, 300)
  await collectGarbage(machine)
  const before = { mb: await memoryOf(machine), heapMb: await heapOf(machine) }
  const { heldMb } = await endWhileTheyWait(machine, owner, url, viewers)
  await collectGarbage(machine)
  const after = { mb: await memoryOf(machine), heapMb: await heapOf(machine) }
  const figures = JSON.stringify({ before, heldMb, after })
  // Nothing of theirs is held on to: less than a kilobyte of each.
  expect(after.heapMb - before.heapMb, figures).toBeLessThan(10)
  // The system's allocator keeps some of what it was given back for the next crowd.
  expect(after.mb - before.mb, figures).toBeLessThan(Math.max(30, (heldMb - before.mb) * 0.6))
}, 300_000)
