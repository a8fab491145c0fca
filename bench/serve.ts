/**
 * Owns the measure of what it costs to serve media: bytes per second of processor time, for byte ranges of an uploaded
 * film and for live segments out of memory, beside nginx with the same bytes as files.
 *
 * usage: npm run bench -- serve
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, startMachine, until } from '../tests/machine.ts'
import type { Machine, Person } from '../tests/machine.ts'
import { nginxBinary } from '../tests/nginx.ts'
import { publish } from '../tests/publisher.ts'
import { childrenOf, cpuSeconds } from './lib/cpu.ts'
import { readFor } from './lib/reader.ts'
import { median, report } from './lib/report.ts'
import type { Line } from './lib/report.ts'

const rounds = 5
const seconds = 3
const connections = 16
/** What a player asks for at once: two seconds of 2 Mb/s. */
const rangeBytes = 500_000

interface Wanted {
  url: string
  pids: readonly number[]
  /** Byte ranges of it, one after the other; the whole where there are none. */
  ranges?: readonly string[]
}

/** Bytes served per second of the server's processor time. */
const yieldOf = async ({ url, pids, ranges }: Wanted): Promise<number> => {
  const { hostname: host, port, pathname: path } = new URL(url)
  let n = 0
  const next = () => (ranges === undefined ? { path } : { path, range: ranges[n++ % ranges.length] ?? '' })
  const before = cpuSeconds(...pids)
  const bytes = await readFor({ host, port: Number(port), next }, connections, seconds)
  return bytes / (cpuSeconds(...pids) - before)
}

const inTurns = async (ours: () => Promise<Wanted>, peer: () => Promise<Wanted>) => {
  const taken = { ours: [] as number[], peer: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    taken.peer.push(await yieldOf(await peer()))
    taken.ours.push(await yieldOf(await ours()))
  }
  const ratio = median(taken.ours.map((value, round) => value / (taken.peer[round] ?? NaN)))
  return { ours: median(taken.ours), peer: median(taken.peer), ratio }
}

const startNginx = async (directory: string) => {
  const port = await freePort()
  const conf = join(directory, 'nginx.conf')
  await writeFile(
    conf,
    `daemon off; worker_processes 1; pid ${directory}/nginx.pid; user root;
events { worker_connections 512; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  server { listen 127.0.0.1:${port}; root ${directory}/files; }
}
`,
  )
  const child = spawn(nginxBinary(), ['-c', conf, '-e', join(directory, 'nginx.log')], { stdio: 'ignore' })
  const base = `http://127.0.0.1:${port}`
  await until('nginx answers', () =>
    fetch(base).then(
      () => true,
      () => false,
    ),
  )
  const pids = [child.pid ?? 0, ...childrenOf(child.pid ?? 0)]
  return {
    base,
    pids,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

/** A film of about 30 MB, uploaded; its media's path and bytes. */
const uploadFilm = async (machine: Machine, person: Person, directory: string) => {
  const film = join(directory, 'film.mp4')
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'nullsrc=s=640x360:r=30,geq=random(1)*255:128:128', '-t', '20'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '12M', '-g', '60', '-pix_fmt', 'yuv420p', film],
  ])
  const bytes = await readFile(film)
  const answer = await fetch(`${machine.base}/api/v1/uploads`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${person.token}`,
      'tus-resumable': '1.0.0',
      'upload-length': String(bytes.length),
      'upload-metadata': `filename ${Buffer.from('film.mp4').toString('base64')}`,
      'content-type': 'application/offset+octet-stream',
    },
    body: bytes,
  })
  const id = answer.headers.get('vireo-video-id') ?? ''
  await until(
    'the film is ready',
    async () => {
      const { data } = await machine.request('GET', `/api/v1/videos/${id}`, person.token)
      return (data as { state?: string } | undefined)?.state === 'ready'
    },
    60_000,
  )
  return `${machine.base}/play/videos/${id}/video.mp4`
}

const startLive = async (machine: Machine, person: Person) => {
  const { data } = await machine.request('POST', '/api/v1/me/room/stream_key', person.token, {})
  const { stream_key: key } = data as { stream_key: string }
  const publisher = publish(`rtmp://127.0.0.1:${machine.rtmpPort}/live/${key}`)
  const playlist = `${machine.base}/play/live/${person.roomId}/live.m3u8`
  await until('it is live', async () => (await fetch(playlist)).ok, 30_000)
  return { publisher, playlist }
}

const newestSegment = async (playlist: string): Promise<string> => {
  const text = await (await fetch(playlist)).text()
  return new URL(text.match(/^[^#\n]+\.mp4$/gm)?.at(-1) ?? '', playlist).href
}

const perCpuSecond = (bytes: number): string => `${Math.round(bytes / 1e6).toLocaleString('en')} MB/CPU-s`

const directory = await mkdtemp(join(tmpdir(), 'vireo-bench-'))
const lines: Line[] = []
try {
  await mkdir(join(directory, 'files'))
  await using nginx = await startNginx(directory)
  await using machine = await startMachine()
  const api = (await machine.pidOf('vireo-api')) ?? 0
  const person = await machine.register()

  const media = await uploadFilm(machine, person, directory)
  const film = Buffer.from(await (await fetch(media)).arrayBuffer())
  await writeFile(join(directory, 'files', 'film.mp4'), film)
  const ranges = Array.from(
    { length: Math.floor(film.length / rangeBytes) },
    (_, n) => `bytes=${n * rangeBytes}-${(n + 1) * rangeBytes - 1}`,
  )
  const files = await inTurns(
    async () => ({ url: media, pids: [api], ranges }),
    async () => ({ url: `${nginx.base}/film.mp4`, pids: nginx.pids, ranges }),
  )
  const settings = `${connections} connections, medians of ${rounds} × ${seconds} s, nginx with sendfile, one worker`
  lines.push({
    what: 'files: ranges of an uploaded film',
    ours: perCpuSecond(files.ours),
    peer: `${perCpuSecond(files.peer)} nginx`,
    ratio: files.ratio,
    limit: { least: 0.5 },
    settings: `ranges of ${rangeBytes / 1000} kB of ${Math.round(film.length / 1e6)} MB, ${settings}`,
  })

  const { publisher, playlist } = await startLive(machine, person)
  try {
    // Until a few whole segments are there.
    await sleep(8_000)
    let size = 0
    const live = await inTurns(
      async () => ({ url: await newestSegment(playlist), pids: [api] }),
      async () => {
        const bytes = Buffer.from(await (await fetch(await newestSegment(playlist))).arrayBuffer())
        size = bytes.length
        await writeFile(join(directory, 'files', 'segment.mp4'), bytes)
        return { url: `${nginx.base}/segment.mp4`, pids: nginx.pids }
      },
    )
    lines.push({
      what: 'live segments from memory',
      ours: perCpuSecond(live.ours),
      peer: `${perCpuSecond(live.peer)} nginx, same bytes as files`,
      ratio: live.ratio,
      limit: { least: 1 },
      settings: `segments of about ${Math.round(size / 1000)} kB, ${settings}`,
    })
  } finally {
    await publisher.kill()
  }
  report(lines)
} finally {
  await rm(directory, { recursive: true, force: true })
}
