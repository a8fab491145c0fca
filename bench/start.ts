/** Measures how soon a machine is ready after its start, and what its processes hold while nobody is there. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../tests/machine.ts'
import { childrenOf, memoryBytes } from './lib/cpu.ts'
import { median, report } from './lib/report.ts'

const limits = { readyMs: 1_500, idleMb: 240 }
const rounds = 5
const settleMs = 8_000

const titleOf = async (pid: number): Promise<string> =>
  (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')[0] ?? ''

const start = async (dataDir: string): Promise<{ readyMs: number; byProcess: Map<string, number> }> => {
  const httpPort = await freePort()
  const startedMs = performance.now()
  const child = spawn(process.execPath, ['src/main.ts'], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'] ?? '',
      VIREO_DATA_DIR: dataDir,
      VIREO_HTTP_PORT: String(httpPort),
      VIREO_RTMP_PORT: String(await freePort()),
    },
  })
  const isReady = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${httpPort}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    await sleep(10)
  }
  const readyMs = performance.now() - startedMs
  await sleep(settleMs)
  const byProcess = new Map<string, number>()
  for (const pid of [child.pid ?? 0, ...childrenOf(child.pid ?? 0)])
    byProcess.set(await titleOf(pid), memoryBytes(pid) / 2 ** 20)
  child.kill('SIGTERM')
  await new Promise((resolve) => child.once('exit', resolve))
  return { readyMs, byProcess }
}

const dataDir = await mkdtemp(join(tmpdir(), 'vireo-bench-'))
try {
  const seen: Awaited<ReturnType<typeof start>>[] = []
  // The first makes the database and fills caches: it is measured apart.
  const first = await start(dataDir)
  for (let round = 0; round < rounds; round++) seen.push(await start(dataDir))
  const sum = (run: (typeof seen)[number]): number => [...run.byProcess.values()].reduce((a, b) => a + b, 0)
  const readyMs = median(seen.map((run) => run.readyMs))
  const idleMb = median(seen.map(sum))
  const each = [...(seen[0]?.byProcess ?? [])].map(([title, mb]) => `${title} ${mb.toFixed(0)}`).join(', ')
  const line = (what: string, value: number, limit: number, unit: string, settings: string) => ({
    what,
    ours: `${value.toFixed(0)} ${unit}`,
    peer: `${limit} ${unit} allowed`,
    ratio: value / limit,
    limit: { most: 1 },
    settings,
  })
  const often = `median of ${rounds}`
  report([
    line('ready after the first start', first.readyMs, limits.readyMs, 'ms', 'empty data directory, once'),
    line('ready after a start', readyMs, limits.readyMs, 'ms', `packages and web there, ${often}`),
    line(
      'idle memory of all processes',
      idleMb,
      limits.idleMb,
      'MB',
      `PSS after ${settleMs / 1000} s, ${often}: ${each}`,
    ),
  ])
} finally {
  await rm(dataDir, { recursive: true, force: true })
}
