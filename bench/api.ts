/**
 * Owns the measure of the pages that everybody opens: lists, detail, check_mobile, beside a bare Fastify that
 * serialises the same objects from memory, and beside ourselves with a hundredth of the rows.
 *
 * usage: npm run bench -- api [videos]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startMachine } from '../tests/machine.ts'
import type { Machine } from '../tests/machine.ts'
import { bareWith, shuffled } from './lib/beside.ts'
import { inTurns } from './lib/load.ts'
import type { Fire } from './lib/load.ts'
import { perSecond, report } from './lib/report.ts'
import type { Line } from './lib/report.ts'
import { seed, seededMobile, seededPublicId } from './lib/seed.ts'

const large = Number(process.argv[2] ?? 100_000)
const small = Math.ceil(large / 100)
const deepPages = 5_000

interface Page {
  next_cursor: string | null
  items: { id: string }[]
}

const startSeeded = async (rows: number): Promise<Machine & { dir: string }> => {
  const dir = await mkdtemp(join(tmpdir(), 'vireo-bench-'))
  await seed(dir, { users: rows, videos: rows })
  return Object.assign(await startMachine({ dataDir: dir }), { dir })
}

/** Every page of the list: more than any cache of answers keeps. */
const deepPaths = async (machine: Machine, sort: string): Promise<string[]> => {
  const paths: string[] = []
  let cursor: string | null = null
  do {
    const path: string = `/api/v1/videos?sort=${sort}${cursor === null ? '' : `&cursor=${cursor}`}`
    paths.push(path)
    cursor = ((await machine.request('GET', path)).data as Page).next_cursor
  } while (cursor !== null && paths.length < deepPages)
  return shuffled(paths)
}

const lines: Line[] = []
const few = await startSeeded(small)
const many = await startSeeded(large)
try {
  const gets = (machine: Machine, paths: readonly string[], headers = {}): Fire => ({
    url: machine.base,
    requests: paths.map((path) => ({ path, headers })),
  })
  const reader = async (machine: Machine) => ({
    authorization: `Bearer ${(await machine.register()).token}`,
  })
  // Answers to whoever is signed in are kept for nobody: all pages of a short list would be, and none of a long one.
  const readers = { few: await reader(few), many: await reader(many) }
  const first = ['/api/v1/videos', '/api/v1/videos?sort=likes', '/api/v1/videos?category=music']
  const popular = (rows: number) =>
    Array.from({ length: 50 }, (_, n) => `/api/v1/videos/${seededPublicId(Math.floor((n * rows) / 50))}`)
  const settings = `SQLite, ${large.toLocaleString('en')} videos and users, 16 connections, medians of 5 × 2 s`

  const measure = async (
    what: string,
    paths: (machine: Machine, rows: number) => Promise<string[]> | string[],
    least: number,
  ) => {
    const [inMany, inFew] = [await paths(many, large), await paths(few, small)]
    using bare = await bareWith(many, inMany)
    const beside = await inTurns(gets(many, inMany), {
      url: bare.url,
      requests: inMany.map((path) => ({ path })),
    })
    lines.push({
      what,
      ours: perSecond(beside.ours),
      peer: `${perSecond(beside.peer)} bare Fastify`,
      ratio: beside.ratio,
      limit: { least },
      settings,
    })
    const growth = await inTurns(gets(few, inFew, readers.few), gets(many, inMany, readers.many))
    lines.push({
      what: `${what}, cost beside ${small.toLocaleString('en')} rows`,
      ours: perSecond(growth.peer),
      peer: `${perSecond(growth.ours)} small`,
      ratio: growth.ratio,
      limit: { most: 1.5 },
      settings,
    })
  }
  await measure('list of 20, first page', () => first, 0.4)
  await measure('detail', (_machine, rows) => popular(rows), 0.4)
  await measure('list of 20, random deep page', (machine) => deepPaths(machine, 'newest'), 0.18)
  await measure('list of 20 by likes, random deep page', (machine) => deepPaths(machine, 'likes'), 0.18)

  const check = (machine: Machine | undefined, url: string, rows: number): Fire => ({
    url,
    requests: Array.from({ length: 200 }, (_, n) => ({
      path: machine ? '/api/v1/passport/check_mobile' : '/check_mobile',
      method: 'POST' as const,
      body: JSON.stringify({ mobile: seededMobile((Math.imul(n + 1, 2_654_435_761) >>> 0) % rows) }),
    })),
  })
  using bare = await bareWith(
    many,
    [],
    Array.from({ length: large }, (_, n) => seededMobile(n)),
  )
  const beside = await inTurns(check(many, many.base, large), check(undefined, bare.url, large), {
    expected: [400],
  })
  lines.push({
    what: 'check_mobile, taken',
    ours: perSecond(beside.ours),
    peer: `${perSecond(beside.peer)} bare Fastify`,
    ratio: beside.ratio,
    limit: { least: 0.18 },
    settings,
  })
  const growth = await inTurns(check(few, few.base, small), check(many, many.base, large), {
    expected: [400],
  })
  lines.push({
    what: `check_mobile, cost beside ${small.toLocaleString('en')} rows`,
    ours: perSecond(growth.peer),
    peer: `${perSecond(growth.ours)} small`,
    ratio: growth.ratio,
    limit: { most: 1.5 },
    settings,
  })
  report(lines)
} finally {
  for (const machine of [few, many]) {
    await machine.stop()
    await rm(machine.dir, { recursive: true, force: true })
  }
}
