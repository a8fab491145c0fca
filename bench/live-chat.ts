/**
 * Owns the measure of a crowded room: thousands of sockets watch it on one API process, and a few people write 50
 * danmaku a second. How late these come, whether all come that should, and what a socket costs.
 *
 * usage: npm run bench -- live-chat [sockets] [seconds] [danmaku per second]
 */
import { execFileSync, fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { batchProtocol, roomSocketPath, socketProtocol } from '../contract/live.ts'
import type { RoomSocketServer } from '../contract/live.ts'
import { startMachine, until } from '../tests/machine.ts'
import type { Machine, Person } from '../tests/machine.ts'
import type { Crowd, Heard } from './lib/chat-crowd.ts'
import { cpuSeconds, memoryBytes } from './lib/cpu.ts'
import { against, quantile, report } from './lib/report.ts'
import { allLive, gone, makeFlv, makeRooms, publishMany } from './lib/rooms.ts'
import { sayNow } from './lib/said.ts'

const sockets = Number(process.argv[2] ?? 10_000)
const seconds = Number(process.argv[3] ?? 30)
const perSecond = Number(process.argv[4] ?? 50)
/** One person may write five in five seconds. */
const writers = Math.ceil(perSecond * 1.6)
const warmUpS = 3
const crowds = 2
/** The server lets 500 sockets of one address in. */
const perAddress = 400
const sampleEvery = 50

interface Writer {
  socket: WebSocket
  /** Stored, as its own echo says; and what was refused, by error. */
  stored: number
  refused: Record<string, number>
}

const openWriter = async (machine: Machine, room: Person, person: Person): Promise<Writer> => {
  const { data } = await machine.request('POST', '/api/v1/socket_ticket', person.token, {})
  const url = `${machine.base.replace('http', 'ws')}${roomSocketPath.replace('{id}', room.roomId)}`
  const { ticket } = data as { ticket: string }
  const protocols = [socketProtocol, batchProtocol, `ticket.${ticket}`]
  const socket = new WebSocket(url, protocols, { perMessageDeflate: false })
  const writer: Writer = { socket, stored: 0, refused: {} }
  socket.on('message', (bytes: Buffer) => {
    const text = bytes.toString()
    // Only its own come with it.
    if (!text.includes('"client_id"')) return
    const message = JSON.parse(text) as RoomSocketServer
    if (message.type === 'danmaku') writer.stored++
    if (message.type === 'error') writer.refused[message.error] = (writer.refused[message.error] ?? 0) + 1
  })
  await once(socket, 'open')
  return writer
}

/** Every process of the machine inherits what this one may open; Node has raised it to what the system allows. */
const checkOpenFiles = (): void => {
  const allowed = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim())
  const needed = sockets + writers + 500
  if (allowed < needed)
    throw new Error(`${sockets} sockets need ${needed} open files, ${allowed} are allowed: raise ulimit -n`)
}

const gather = async (machine: Machine, room: Person): Promise<ChildProcess[]> => {
  const crowd: Omit<Crowd, 'net'> = {
    port: machine.httpPort,
    path: roomSocketPath.replace('{id}', room.roomId),
    sockets: sockets / crowds,
    // Two crowds together stay below the 511 that Node lets the kernel queue.
    atOnce: 200,
    perAddress,
    sampleEvery,
  }
  return Promise.all(
    Array.from({ length: crowds }, async (_, n) => {
      const child = fork('bench/lib/chat-crowd.ts')
      child.send({ ...crowd, net: n + 1 })
      const left = once(child, 'exit').then(() => {
        throw new Error('a crowd has left')
      })
      await Promise.race([once(child, 'message'), left])
      left.catch(() => undefined)
      return child
    }),
  )
}

let said = 0
/** At an even pace, by one after the other. */
const write = async (among: readonly Writer[], forS: number): Promise<void> => {
  const beganMs = performance.now()
  for (let n = 0; n < forS * perSecond; n++) {
    const waitMs = beganMs + (n / perSecond) * 1000 - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    among[said % among.length]?.socket.send(
      JSON.stringify({ type: 'danmaku', text: sayNow(said), client_id: String(said) }),
    )
    said++
  }
}

const answered = (among: readonly Writer[]): number =>
  among.reduce(
    (sum, { stored, refused }) => sum + stored + Object.values(refused).reduce((a, b) => a + b, 0),
    0,
  )
const stored = (among: readonly Writer[]): number => among.reduce((sum, writer) => sum + writer.stored, 0)

checkOpenFiles()
const dir = await mkdtemp(join(tmpdir(), 'vireo-bench-'))
let crowd: ChildProcess[] = []
try {
  await using machine = await startMachine()
  const [room] = await makeRooms(machine, 1)
  if (room === undefined) throw new Error('no room')
  await using _publisher = await publishMany({
    clip: makeFlv(dir, 300),
    port: machine.rtmpPort,
    keys: [room.key],
  })
  await allLive(machine, [room])
  const among: Writer[] = []
  for (let n = 0; n < writers; n++) among.push(await openWriter(machine, room, await machine.register()))
  await write(among, warmUpS)
  const api = (await machine.pidOf('vireo-api')) ?? 0

  const emptyBytes = memoryBytes(api)
  const dialledMs = performance.now()
  crowd = await gather(machine, room)
  const dialledS = (performance.now() - dialledMs) / 1000
  const quietBytes = memoryBytes(api)
  await write(among, warmUpS)
  await until('what was said is stored', () => answered(among) === said, 30_000)
  await sleep(1_000)

  for (const child of crowd) child.send('begin')
  const before = { said, stored: stored(among), cpu: cpuSeconds(api), atMs: performance.now() }
  await write(among, seconds)
  const cpu = (cpuSeconds(api) - before.cpu) / ((performance.now() - before.atMs) / 1000)
  const busyBytes = memoryBytes(api)
  await until('what was said is stored', () => answered(among) === said, 30_000)
  await sleep(3_000)
  const heard = await Promise.all(
    crowd.map(async (child) => {
      const answer = once(child, 'message') as Promise<[Heard]>
      child.send('end')
      return (await answer)[0]
    }),
  )
  const sum = (of: (one: Heard) => number): number => heard.reduce((total, one) => total + of(one), 0)
  const latencies = heard.flatMap(({ latenciesMs }) => latenciesMs)
  const written = stored(among) - before.stored
  const lost = sum((one) => one.lost)
  // What the server says that it left out, because nobody could read more, was not meant to come.
  const meant = written * sum((one) => one.sampled) - sum((one) => one.skipped)
  const refused = said - before.said - written
  const settings =
    `${sockets} sockets in one room, ${perSecond} danmaku/s of ${writers} people for ${seconds} s (${refused} refused), ` +
    `clients on the same cores; ${sum((one) => one.sampled)} sockets read what they were told`
  report([
    against({
      what: 'chat: from said to seen, p99',
      value: quantile(latencies, 0.99),
      target: { most: 500 },
      unit: 'ms',
      settings: `${settings}; p50 ${quantile(latencies, 0.5).toFixed(0)} ms, most ${quantile(latencies, 1).toFixed(0)} ms`,
    }),
    against({
      what: 'chat: came of what was meant to come',
      value: (sum((one) => one.received) / meant) * 100,
      target: { least: 100 },
      unit: '%',
      digits: 2,
      settings: `${meant} on the sampled sockets, ${sum((one) => one.skipped)} more were left out by design, ${lost} sockets were lost`,
    }),
    against({
      what: 'chat: memory of a socket',
      value: (Math.max(quietBytes, busyBytes) - emptyBytes) / sockets / 1024,
      target: { most: 30 },
      unit: 'KB',
      digits: 1,
      settings: `PSS of the API process; ${((quietBytes - emptyBytes) / sockets / 1024).toFixed(1)} KB when all had joined (${dialledS.toFixed(0)} s), ${((busyBytes - emptyBytes) / sockets / 1024).toFixed(1)} KB at the end of the chat`,
    }),
    against({
      what: 'chat: processor of the API process',
      value: cpu,
      target: { most: 1 },
      unit: 'cores',
      digits: 2,
      settings: `${(sum((one) => one.frames) / seconds).toFixed(0)} frames/s to all; above one core its event loop would fall behind`,
    }),
  ])
  for (const { socket } of among) socket.terminate()
} finally {
  for (const child of crowd) await gone(child, 'SIGKILL')
  await rm(dir, { recursive: true, force: true })
}
