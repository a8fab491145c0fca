/**
 * Owns the measure of a large community: how long the slowest of a hundred answers takes while one person looks
 * around, alone and while five hundred things a second are written; the same beside a bare Fastify and beside ourselves
 * with a thousandth of the rows; and how much can be written.
 *
 * usage: npm run bench -- community [videos] [directory that keeps the seeded database]
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSecrets } from '../src/config/secrets.ts'
import { createTokens } from '../src/passport/tokens.ts'
import { systemClock } from '../src/platform/clock/clock.ts'
import { startMachine } from '../tests/machine.ts'
import type { Machine } from '../tests/machine.ts'
import { bareWith, shuffled } from './lib/beside.ts'
import {
  commentId,
  publicId,
  scatter,
  seedCommunity,
  sessionId,
  sessions,
  userId,
} from './lib/community-seed.ts'
import type { Community } from './lib/community-seed.ts'
import { inTurns } from './lib/load.ts'
import type { Fire } from './lib/load.ts'
import { perSecond, quantile, report } from './lib/report.ts'
import type { Line } from './lib/report.ts'
import type { Work, Written } from './lib/writer.ts'

const large = Number(process.argv[2] ?? 100_000)
const kept = process.argv[3]
const small = 1000
const amountOf = (videos: number): Community => ({
  videos,
  users: Math.max(100, Math.floor(videos / 5)),
  likes: videos * 10,
  comments: videos * 5,
  follows: videos * 2,
})
const rounds = 300
const slowestMs = 25

interface Place extends Machine {
  readonly amount: Community
  token(user: number): Promise<string>
}

const place = async (videos: number, dir: string): Promise<Place> => {
  const amount = amountOf(videos)
  if (!existsSync(join(dir, 'vireo.db'))) {
    await mkdir(dir, { recursive: true })
    await seedCommunity(dir, amount, (text) => process.stdout.write(`  ${text}\n`))
  }
  const machine = await startMachine({ dataDir: dir, environment: { VIREO_RATE_LIMITS: 'off' } })
  const key = loadSecrets(dir, undefined).keyFor('access-token')
  const tokens = createTokens({
    secrets: loadSecrets(dir, undefined),
    keys: { signing: async () => ({ id: '1', bytes: key.reveal() }), verifying: async () => undefined },
    clock: systemClock,
  })
  const token = (n: number): Promise<string> => tokens.access({ userId: userId(n), sessionId: sessionId(n) })
  return Object.assign(machine, { amount, token })
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const get = (base: string, path: string, token?: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const call = request(base + path, { agent, headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (piece: string) => (text += piece))
      answer.on('end', () =>
        answer.statusCode === 200
          ? resolve(text)
          : reject(new Error(`${path}: ${answer.statusCode} ${text}`)),
      )
    })
    call.on('error', reject)
    call.end()
  })

type Pages = (n: number) => string
interface Look {
  what: string
  path: Pages
  /** Who looks. */
  as: number
}

/** A cursor some pages into a list. */
const deepIn = async (there: Place, path: string, token: string, pages: number): Promise<string[]> => {
  const found: string[] = []
  let cursor: string | null = null
  do {
    const at: string = `${path}${path.includes('?') ? '&' : '?'}limit=100${cursor === null ? '' : `&cursor=${cursor}`}`
    cursor = (JSON.parse(await get(there.base, at, token)) as { data: { next_cursor: string | null } }).data
      .next_cursor
    if (cursor !== null) found.push(`${path}${path.includes('?') ? '&' : '?'}limit=20&cursor=${cursor}`)
  } while (cursor !== null && found.length < pages)
  return found
}

const looksAt = async (there: Place): Promise<Look[]> => {
  const { videos, users } = there.amount
  const some = (n: number): string => publicId(scatter(n + 1, videos))
  const token = await there.token(3)
  const from = async (path: string, pages = 200, as = 3): Promise<Pages> => {
    const paths = shuffled(await deepIn(there, path, as === 3 ? token : await there.token(as), pages))
    return (n) => paths[n % paths.length] ?? path
  }
  const list = '/api/v1/videos'
  const words = ['鸟鸣', '烤鸭', '日出', '弹唱', '西藏', '对称', '篮球', '番茄']
  const word = (n: number): string => encodeURIComponent(words[n % words.length] ?? '')
  const crowded = `${list}/${publicId(0)}/comments`
  const looks: [string, Pages, number?][] = [
    ['newest', () => list],
    ['newest, deep', await from(list)],
    ['most liked', () => `${list}?sort=likes`],
    ['most played, deep', await from(`${list}?sort=plays`)],
    ['hot', () => `${list}?sort=hot`],
    ['hot, deep', await from(`${list}?sort=hot`)],
    ['a category by likes', (n) => `${list}?category=${['music', 'food', 'sport'][n % 3]}&sort=likes`],
    ['a length by plays', (n) => `${list}?length=${['short', 'medium', 'long'][n % 3]}&sort=plays`],
    ['a tag on every video', () => `${list}?tag=${encodeURIComponent('旅行')}`],
    ['a tag on few', (n) => `${list}?tag=${encodeURIComponent(`标签${n % 5000}`)}`],
    ['videos of somebody', (n) => `/api/v1/users/${userId(scatter(n + 1, users))}/videos`],
    ['search, two signs on a sixteenth of all', (n) => `${list}?q=${word(n)}`],
    ['search, two words', () => `${list}?q=${encodeURIComponent('清晨 鸟鸣')}`],
    ['search, one video', (n) => `${list}?q=${scatter(n + 1, videos)}`],
    ['search, most liked', (n) => `${list}?q=${word(n)}&sort=likes`],
    ['suggestions', (n) => `/api/v1/search/suggestions?q=${word(n)}`],
    ['hot searches', () => '/api/v1/search/hot'],
    ['detail', (n) => `${list}/${some(n)}`],
    ['related', (n) => `${list}/${some(n)}/related`],
    ['comments, hot', (n) => `${list}/${some(n)}/comments`],
    ['comments of the crowded one, hot', () => crowded],
    ['comments of the crowded one, hot, deep', await from(crowded, 100)],
    ['comments of the crowded one, newest, deep', await from(`${crowded}?sort=newest`, 100)],
    [
      'replies',
      (n) => `/api/v1/comments/${commentId(scatter(n + 1, there.amount.comments / 5) * 5)}/replies`,
    ],
    ['feed, follows ten', () => '/api/v1/feed'],
    ['feed, follows 2,000', () => '/api/v1/feed', 1],
    ['feed, follows 2,000, deep', await from('/api/v1/feed', 20, 1), 1],
    ['followers of the one whom all follow', await from(`/api/v1/users/${userId(0)}/followers`, 50)],
    ['a person', (n) => `/api/v1/users/${userId(scatter(n + 1, users))}`],
    ['unread', () => '/api/v1/messages/unread'],
  ]
  return looks.map(([what, path, as = 3]) => ({ what, path, as }))
}

/** Milliseconds of each of `rounds` answers, one after the other. */
const timesOf = async (there: Place, look: Look): Promise<number[]> => {
  const token = await there.token(look.as)
  const times: number[] = []
  for (let n = -20; n < rounds; n++) {
    const beganMs = performance.now()
    await get(there.base, look.path(n + 20), token)
    if (n >= 0) times.push(performance.now() - beganMs)
  }
  return times
}

const startWriter = (work: Work): ChildProcess => {
  const child = fork('bench/lib/writer.ts')
  child.send(work)
  return child
}

const tokensOf = async (there: Place, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: Math.min(count, sessions, there.amount.users) }, (_, n) => there.token(n)))

/** Every person does so much only: nobody is told to slow down. */
const everything = (tokens: readonly string[], count: number, videos: number): Work['requests'] =>
  Array.from({ length: count }, (_, n) => {
    const token = tokens[n % tokens.length] ?? ''
    const video = `/api/v1/videos/${publicId(scatter(n + 7, videos))}`
    if (n % 5 === 0)
      return {
        method: 'POST',
        path: `${video}/comments`,
        token,
        body: JSON.stringify({ text: `第 ${n} 次路过` }),
      }
    if (n % 5 === 1)
      return {
        method: 'POST',
        path: `${video}/danmaku`,
        token,
        body: JSON.stringify({ text: `${n} 哈哈`, time: 1 }),
      }
    return { method: n % 2 === 0 ? 'PUT' : 'DELETE', path: `${video}/like`, token }
  })

const lines: Line[] = []
const settings = `SQLite, ${large.toLocaleString('en')} videos, ${amountOf(large).users.toLocaleString('en')} people, one client, ${rounds} answers`
const slow = (what: string, times: readonly number[]): Line => {
  const p99 = quantile(times, 0.99)
  return {
    what,
    ours: `p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
    peer: `${slowestMs} ms`,
    ratio: p99 / slowestMs,
    limit: { most: 1 },
    settings,
  }
}

const lookAround = async (there: Place, when: string): Promise<void> => {
  for (const look of await looksAt(there)) lines.push(slow(`${look.what}${when}`, await timesOf(there, look)))
}

const gets = (there: Place, paths: readonly string[]): Fire => ({
  url: there.base,
  requests: paths.map((path) => ({ path })),
})

const compare = async (many: Place, few: Place): Promise<void> => {
  const list = '/api/v1/videos'
  const token = async (there: Place) => there.token(3)
  const deep = async (there: Place, sort: string): Promise<string[]> =>
    shuffled(await deepIn(there, `${list}?sort=${sort}`, await token(there), 2000))
  const details = (there: Place): string[] =>
    Array.from({ length: 50 }, (_, n) => `${list}/${publicId(scatter(n + 1, there.amount.videos))}`)
  const kinds: [string, (there: Place) => Promise<string[]> | string[], number][] = [
    ['first pages', () => [list, `${list}?sort=likes`, `${list}?category=music`], 0.4],
    ['detail', details, 0.4],
    ['newest, random deep page', (there) => deep(there, 'newest'), 0.18],
    ['most liked, random deep page', (there) => deep(there, 'likes'), 0.18],
  ]
  const how = `SQLite, ${large.toLocaleString('en')} videos, 16 connections, medians of 3 × 2 s`
  for (const [what, paths, least] of kinds) {
    const [inMany, inFew] = [await paths(many), await paths(few)]
    using bare = await bareWith(many, inMany)
    const peer = { url: bare.url, requests: inMany.map((path) => ({ path })) }
    const beside = await inTurns(gets(many, inMany), peer, { rounds: 3 })
    const { ours, ratio } = beside
    lines.push({
      ...{ what, ours: perSecond(ours), peer: `${perSecond(beside.peer)} bare Fastify`, ratio },
      ...{ limit: { least }, settings: how },
    })
    const growth = await inTurns(gets(few, inFew), gets(many, inMany), { rounds: 3 })
    lines.push({
      what: `${what}, cost beside ${small.toLocaleString('en')} videos`,
      ours: perSecond(growth.peer),
      peer: `${perSecond(growth.ours)} small`,
      ratio: growth.ratio,
      limit: { most: 1.5 },
      settings: how,
    })
  }
}

const least = 2000
const writeAll = async (there: Place): Promise<void> => {
  const tokens = await tokensOf(there, sessions)
  const { videos, users } = there.amount
  const someone = (n: number): string => tokens[n % tokens.length] ?? ''
  const kinds: [string, number, (n: number) => Work['requests'][number]][] = [
    [
      'likes',
      30_000,
      (n) => ({
        method: 'PUT',
        path: `/api/v1/videos/${publicId(scatter(n + 3, videos))}/like`,
        token: someone(n),
      }),
    ],
    [
      'follows',
      30_000,
      (n) => ({
        method: 'PUT',
        path: `/api/v1/users/${userId((n * 31 + 17) % users)}/follow`,
        token: someone(n),
      }),
    ],
    [
      'comments',
      // Ten a minute each.
      Math.min(30_000, tokens.length * 9),
      (n) => ({
        method: 'POST',
        path: `/api/v1/videos/${publicId(scatter(n + 5, videos))}/comments`,
        token: someone(n),
        body: JSON.stringify({ text: `真不错 ${n}` }),
      }),
    ],
  ]
  for (const [what, count, requestOf] of kinds) {
    const requests = Array.from({ length: count }, (_, n) => requestOf(n))
    const child = startWriter({ base: there.base, requests, connections: 64, seconds: 10 })
    const [written] = (await once(child, 'message')) as [Written]
    const refused = Object.entries(written.wrong)
    const rate = written.answers / written.seconds
    lines.push({
      what: `${what} written${refused.length > 0 ? ` (not 200: ${JSON.stringify(written.wrong)})` : ''}`,
      ours: perSecond(rate),
      peer: perSecond(least),
      ratio: rate / least,
      limit: { least: 1 },
      settings: `SQLite, ${large.toLocaleString('en')} videos, ${tokens.length} people on 64 connections`,
    })
  }
}

const dirs = [
  kept ?? (await mkdtemp(join(tmpdir(), 'vireo-bench-'))),
  await mkdtemp(join(tmpdir(), 'vireo-bench-')),
]
const [largeDir = '', smallDir = ''] = dirs
const many = await place(large, largeDir)
const few = await place(small, smallDir)
try {
  await lookAround(many, '')
  const tokens = await tokensOf(many, 3000)
  const writer = startWriter({
    base: many.base,
    requests: everything(tokens, 500 * 600, large),
    connections: 32,
    pace: 500,
  })
  await lookAround(many, ', 500 writes/s beside')
  writer.kill()
  await compare(many, few)
  await writeAll(many)
  report(lines)
} finally {
  for (const machine of [many, few]) await machine.stop()
  for (const dir of kept === undefined ? dirs : [smallDir]) await rm(dir, { recursive: true, force: true })
}
