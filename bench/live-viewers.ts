/**
 * Owns the measure of what a low-latency viewer of 2 Mb/s costs the API process: a blocked playlist and a part twice a
 * second; beside nginx that serves the same parts as files.
 *
 * usage: npm run bench -- live-viewers [viewers] [seconds]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort, startMachine, until } from '../tests/machine.ts'
import { nginxBinary } from '../tests/nginx.ts'
import { cpuSeconds } from './lib/cpu.ts'
import { get, hintOf } from './lib/ll-client.ts'
import { against, report } from './lib/report.ts'
import { allLive, gone, makeFlv, makeRooms, publishMany } from './lib/rooms.ts'

const viewers = Number(process.argv[2] ?? 200)
const seconds = Number(process.argv[3] ?? 20)
const dir = await mkdtemp(join(tmpdir(), 'vireo-bench-'))

interface Crowd {
  /** Parts fetched per second. */
  partsPerS: number
  /** Of one processor, used by `pid`. */
  cpu: number
}

/** A process full of viewers; `mode` is `ll`, or `files` for the same parts at the same pace from a file server. */
const watch = async (base: string, mode: 'll' | 'files', pid: () => number[]): Promise<Crowd> => {
  const options = JSON.stringify({ base, viewers, seconds, mode })
  const child = spawn(process.execPath, ['bench/lib/crowd.ts', options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  const before = cpuSeconds(...pid())
  const { value } = (await lines.next()) as { value: string }
  const cpu = (cpuSeconds(...pid()) - before) / seconds
  await gone(child, 'SIGKILL')
  return { partsPerS: (JSON.parse(value) as { parts: number }).parts / seconds, cpu }
}

try {
  await using machine = await startMachine()
  const [room] = await makeRooms(machine, 1)
  if (room === undefined) throw new Error('no room')
  await using _publisher = await publishMany({
    clip: makeFlv(dir, 1_900),
    port: machine.rtmpPort,
    keys: [room.key],
  })
  await allLive(machine, [room])
  const base = `${machine.base}/play/live/${room.roomId}`
  const api = (await machine.pidOf('vireo-api')) ?? 0
  const ours = await watch(base, 'll', () => [api])
  const settings = `${viewers} viewers of 2 Mb/s, ${seconds} s, ${ours.partsPerS.toFixed(0)} parts/s (${(viewers * 2).toString()} wanted), plain HTTP/1.1 from one process on the same cores`
  const perCore = ours.partsPerS / 2 / ours.cpu
  report([
    against({
      what: 'viewers: low latency per core',
      value: perCore,
      target: { least: 1_500 },
      unit: 'viewers',
      settings,
    }),
  ])

  // The parts as files, in nginx.
  const files = join(dir, 'files')
  await mkdir(files)
  for (let n = 0; n < 4; n++) {
    const hint = hintOf((await get(`${base}/ll.m3u8`)).body.toString())
    if (hint === undefined) throw new Error('no hint')
    await writeFile(join(files, `p${n}.mp4`), (await get(`${base}/${hint.uri}`)).body)
  }
  const port = await freePort()
  const conf = join(dir, 'nginx.conf')
  await writeFile(
    conf,
    `daemon off; worker_processes 1; pid ${dir}/nginx.pid; error_log ${dir}/nginx.log; user root;
events { worker_connections 4096; }
http { access_log off; sendfile on; keepalive_requests 1000000; server { listen 127.0.0.1:${port}; root ${files}; } }
`,
  )
  const nginx = spawn(nginxBinary(), ['-c', conf, '-p', dir], { stdio: 'ignore' })
  try {
    await until('nginx answers', () =>
      get(`http://127.0.0.1:${port}/p0.mp4`).then(
        () => true,
        () => false,
      ),
    )
    const worker = await childOf(nginx.pid ?? 0)
    const peer = await watch(`http://127.0.0.1:${port}`, 'files', () => [worker])
    const peerPerCore = peer.partsPerS / 2 / peer.cpu
    report([
      {
        what: 'viewers: low latency per core, nginx',
        ours: `${perCore.toFixed(0)} viewers`,
        peer: `${peerPerCore.toFixed(0)} viewers, parts only, from files`,
        ratio: perCore / peerPerCore,
        limit: { least: 0.2 },
        settings,
      },
    ])
  } finally {
    await gone(nginx, 'SIGTERM')
  }
} finally {
  await rm(dir, { recursive: true, force: true })
}

async function childOf(parent: number): Promise<number> {
  const ps = spawn('ps', ['-o', 'pid=', '--ppid', String(parent)])
  const [line] = (await once(createInterface({ input: ps.stdout }), 'line')) as [string]
  return Number(line)
}
