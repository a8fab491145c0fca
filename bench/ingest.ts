/**
 * Owns the measure of what a stream costs the machine that takes it: processor time per stream of our ingest, beside
 * nginx-rtmp with HLS and beside one ffmpeg per stream, each with the same publishers.
 *
 * usage: npm run bench -- ingest [streams]
 */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, startMachine, until } from '../tests/machine.ts'
import { cpuSeconds } from './lib/cpu.ts'
import { report } from './lib/report.ts'
import type { Line } from './lib/report.ts'

const streams = Number(process.argv[2] ?? 8)
const measuredS = 20
const rtmpModule = '/usr/lib/nginx/modules/ngx_rtmp_module.so'

const dir = await mkdtemp(join(tmpdir(), 'vireo-bench-'))
const clip = join(dir, 'clip.flv')
execFileSync('ffmpeg', [
  ...[
    '-v',
    'error',
    '-f',
    'lavfi',
    '-i',
    'testsrc2=s=1280x720:r=30',
    '-f',
    'lavfi',
    '-i',
    'sine=r=48000',
    '-t',
    '30',
  ],
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '2500k', '-g', '60', '-pix_fmt', 'yuv420p'],
  ...['-c:a', 'aac', '-b:a', '128k', clip],
])

const publishTo = (url: string): ChildProcess =>
  spawn('ffmpeg', ['-v', 'error', '-re', '-stream_loop', '-1', '-i', clip, '-c', 'copy', '-f', 'flv', url], {
    stdio: 'ignore',
  })

const ended = async (children: readonly ChildProcess[]): Promise<void> => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

/** Of these processes while the streams run; per stream, as a part of one processor. */
const costOf = async (pids: () => number[]): Promise<number> => {
  await sleep(4_000)
  const before = cpuSeconds(...pids())
  await sleep(measuredS * 1000)
  return (cpuSeconds(...pids()) - before) / measuredS / streams
}

const ours = async (): Promise<number> => {
  await using machine = await startMachine({ environment: { VIREO_RECORDING_QUOTA: '1G' } })
  const publishers: ChildProcess[] = []
  try {
    for (let n = 0; n < streams; n++) {
      const person = await machine.register()
      await machine.request('PATCH', '/api/v1/me/room', person.token, { replay: 'none' })
      const { data } = await machine.request('POST', '/api/v1/me/room/stream_key', person.token, {})
      const { stream_key: key } = data as { stream_key: string }
      publishers.push(publishTo(`rtmp://127.0.0.1:${machine.rtmpPort}/live/${key}`))
    }
    await until('all are live', async () => {
      const { data } = await machine.request('GET', '/api/v1/live?limit=100')
      return (data as { items: unknown[] }).items.length === streams
    })
    const pid = await machine.pidOf('vireo-ingest')
    return await costOf(() => [pid ?? 0])
  } finally {
    await ended(publishers)
  }
}

const nginxRtmp = async (): Promise<number> => {
  const port = await freePort()
  const hls = join(dir, 'nginx-hls')
  mkdirSync(hls)
  const conf = join(dir, 'nginx.conf')
  writeFileSync(
    conf,
    `load_module ${rtmpModule};
daemon off; worker_processes 1; pid ${dir}/nginx.pid; error_log ${dir}/nginx.log; user root;
events { worker_connections 512; }
rtmp { server { listen 127.0.0.1:${port}; application live {
  live on; hls on; hls_path ${hls}; hls_fragment 2s; hls_playlist_length 12s; } } }
`,
  )
  const nginx = spawn('nginx', ['-c', conf, '-p', dir], { stdio: 'ignore' })
  const publishers: ChildProcess[] = []
  try {
    await sleep(500)
    for (let n = 0; n < streams; n++) publishers.push(publishTo(`rtmp://127.0.0.1:${port}/live/s${n}`))
    await until('nginx writes every playlist', async () => {
      const names = await readdir(hls)
      return names.filter((name) => name.endsWith('.m3u8')).length === streams
    })
    const worker = Number(
      execFileSync('ps', ['-o', 'pid=', '--ppid', String(nginx.pid)], { encoding: 'utf8' })
        .trim()
        .split('\n')[0],
    )
    return await costOf(() => [worker])
  } finally {
    await ended(publishers)
    nginx.kill('SIGTERM')
    await once(nginx, 'exit')
  }
}

const ffmpegs = async (): Promise<number> => {
  const takers: ChildProcess[] = []
  const publishers: ChildProcess[] = []
  try {
    for (let n = 0; n < streams; n++) {
      const [port, out] = [await freePort(), join(dir, `ffmpeg-${n}`)]
      mkdirSync(out)
      takers.push(
        spawn(
          'ffmpeg',
          [
            ...['-v', 'error', '-listen', '1', '-i', `rtmp://127.0.0.1:${port}/live/s`, '-c', 'copy'],
            ...['-f', 'hls', '-hls_time', '2', '-hls_list_size', '6', '-hls_flags', 'delete_segments'],
            ...['-hls_segment_type', 'fmp4', join(out, 'live.m3u8')],
          ],
          { stdio: 'ignore' },
        ),
      )
      await sleep(400)
      publishers.push(publishTo(`rtmp://127.0.0.1:${port}/live/s`))
    }
    return await costOf(() => takers.map(({ pid }) => pid ?? 0))
  } finally {
    await ended([...publishers, ...takers])
  }
}

try {
  const percent = (cost: number): string => `${(cost * 100).toFixed(2)} % of a core`
  const settings = `${streams} × 1280x720 2.6 Mb/s, copied by ffmpeg, ${measuredS} s; ours with low-latency parts, none recorded`
  const own = await ours()
  const alone = await ffmpegs()
  const lines: Line[] = [
    {
      what: 'ingest: processor per stream',
      ours: percent(own),
      peer: `${percent(alone)} one ffmpeg each`,
      ratio: own / alone,
      limit: { most: 1 },
      settings,
    },
  ]
  const peer = await nginxRtmp()
  lines.unshift({
    what: 'ingest: processor per stream',
    ours: percent(own),
    peer: `${percent(peer)} nginx-rtmp, HLS`,
    ratio: own / peer,
    limit: { most: 2 },
    settings,
  })
  report(lines)
} finally {
  await rm(dir, { recursive: true, force: true })
}
