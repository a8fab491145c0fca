/**
 * Owns the measure of what a stream of 4 Mb/s costs the machine that takes it: processor time and memory per stream of
 * our ingest with low-latency parts and recording, beside nginx-rtmp with HLS and beside one ffmpeg per stream, each
 * with the same publishers.
 *
 * usage: npm run bench -- live-density [streams]
 */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, startMachine, until } from '../tests/machine.ts'
import { nginxBinary } from '../tests/nginx.ts'
import { cpuSeconds, memoryBytes } from './lib/cpu.ts'
import { watchLateness } from './lib/lateness.ts'
import { against, quantile, report } from './lib/report.ts'
import type { Line } from './lib/report.ts'
import { allLive, gone, makeFlv, makeRooms, publishMany } from './lib/rooms.ts'

const streams = Number(process.argv[2] ?? 40)
const kbps = 3_900
const settleS = 32
const measuredS = 30
const rtmpModule = '/usr/lib/nginx/modules/ngx_rtmp_module.so'

const dir = await mkdtemp(join(tmpdir(), 'vireo-bench-'))
const clip = makeFlv(dir, kbps)

interface Cost {
  /** Of one processor, per stream. */
  cpu: number
  bytes: number
}

const costOf = async (pids: readonly number[], idleBytes: number, settle = settleS): Promise<Cost> => {
  await sleep(settle * 1000)
  const before = cpuSeconds(...pids)
  await sleep(measuredS * 1000)
  const cpu = (cpuSeconds(...pids) - before) / measuredS / streams
  return { cpu, bytes: (memoryBytes(...pids) - idleBytes) / streams }
}

const ours = async (): Promise<Cost & { lateMs: number[] }> => {
  await using machine = await startMachine()
  const rooms = await makeRooms(machine, streams, 'private')
  const pid = (await machine.pidOf('vireo-ingest')) ?? 0
  const idleBytes = memoryBytes(pid)
  await using _publishers = await publishMany({
    clip,
    port: machine.rtmpPort,
    keys: rooms.map(({ key }) => key),
  })
  await allLive(machine, rooms)
  const cost = await costOf([pid], idleBytes)
  // Afterwards, so that watching costs nothing of what was measured.
  const sampled = rooms.slice(0, 5).map(({ roomId }) => `${machine.base}/play/live/${roomId}`)
  const lateMs = await watchLateness(sampled, 20)
  return { ...cost, lateMs }
}

const nginxRtmp = async (): Promise<Cost> => {
  const port = await freePort()
  const hls = join(dir, 'nginx-hls')
  mkdirSync(hls)
  const conf = join(dir, 'nginx.conf')
  writeFileSync(
    conf,
    `load_module ${rtmpModule};
daemon off; worker_processes 1; pid ${dir}/nginx.pid; error_log ${dir}/nginx.log; user root;
events { worker_connections 512; }
rtmp { server { listen 127.0.0.1:${port}; chunk_size 65536; application live {
  live on; hls on; hls_path ${hls}; hls_fragment 2s; hls_playlist_length 12s; } } }
`,
  )
  const nginx = spawn(nginxBinary(), ['-c', conf, '-p', dir], { stdio: 'ignore' })
  try {
    await sleep(500)
    const [worker] = execFileSync('ps', ['-o', 'pid=', '--ppid', String(nginx.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number)
    const idleBytes = memoryBytes(worker ?? 0)
    const keys = Array.from({ length: streams }, (_, n) => `s${n}`)
    await using _publishers = await publishMany({ clip, port, keys })
    await until('nginx writes every playlist', async () => {
      const names = await readdir(hls)
      return names.filter((name) => name.endsWith('.m3u8')).length === streams
    })
    return await costOf([worker ?? 0], idleBytes, 10)
  } finally {
    await gone(nginx, 'SIGTERM')
  }
}

const ffmpegs = async (): Promise<Cost> => {
  const takers: ChildProcess[] = []
  const publishers: AsyncDisposable[] = []
  try {
    for (let n = 0; n < streams; n++) {
      const [port, out] = [await freePort(), join(dir, `ffmpeg-${n}`)]
      mkdirSync(out)
      const taker = spawn(
        'ffmpeg',
        [
          ...['-v', 'error', '-listen', '1', '-i', `rtmp://127.0.0.1:${port}/live/s`, '-c', 'copy'],
          ...['-f', 'hls', '-hls_time', '2', '-hls_list_size', '6', '-hls_flags', 'delete_segments'],
          ...['-hls_segment_type', 'fmp4', join(out, 'live.m3u8')],
        ],
        { stdio: 'ignore' },
      )
      takers.push(taker)
      await until('ffmpeg listens', () => listens(port))
      publishers.push(await publishMany({ clip, port, keys: ['s'] }))
    }
    return await costOf(
      takers.map(({ pid }) => pid ?? 0),
      0,
      10,
    )
  } finally {
    for (const publisher of publishers) await publisher[Symbol.asyncDispose]()
    await Promise.all(takers.map((taker) => gone(taker, 'SIGKILL')))
  }
}

/** Seen from outside: a connection would be taken for the publisher. */
const listens = (port: number): boolean =>
  execFileSync('ss', ['-ltnH', `sport = :${port}`], { encoding: 'utf8' }).trim() !== ''

const percent = (cost: number): string => `${(cost * 100).toFixed(2)} % of a core`
const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`

try {
  const own = await ours()
  const settings = `${streams} × 1280x720 4 Mb/s, GOP 2 s, ${measuredS} s; ours with low-latency parts, recorded`
  const lines: Line[] = [
    against({
      what: 'density: streams per core',
      value: 1 / own.cpu,
      target: { least: 120 },
      unit: 'streams',
      settings,
    }),
    against({
      what: 'density: memory per stream',
      value: own.bytes / 1024 / 1024,
      target: { most: 20 },
      unit: 'MB',
      digits: 1,
      settings: `${settings}; proportional set size less the idle process`,
    }),
    against({
      what: 'density: latest part',
      value: Math.max(...own.lateMs),
      target: { most: 100 },
      unit: 'ms',
      settings: `${settings}; ${own.lateMs.length} parts of 5 watched streams; p99 ${quantile(own.lateMs, 0.99).toFixed(0)} ms`,
    }),
  ]
  report(lines)
  const few = Math.min(streams, 40)
  const peer = await nginxRtmp()
  report([
    {
      what: 'density: processor per stream, nginx-rtmp',
      ours: percent(own.cpu),
      peer: `${percent(peer.cpu)}, ${megabytes(peer.bytes)}`,
      ratio: own.cpu / peer.cpu,
      limit: { most: 2 },
      settings: `${settings}; nginx-rtmp with HLS of 2 s`,
    },
  ])
  const alone = await ffmpegs()
  report([
    {
      what: 'density: processor per stream, ffmpeg',
      ours: percent(own.cpu),
      peer: `${percent(alone.cpu)}, ${megabytes(alone.bytes)}`,
      ratio: own.cpu / alone.cpu,
      limit: { most: 1 },
      settings: `${settings}; one ffmpeg per stream, ${few} of them, fMP4 HLS of 2 s`,
    },
  ])
} finally {
  await rm(dir, { recursive: true, force: true })
}
