/**
 * Owns the measure of the account system: look-ups in a large site beside a small one, signing in beside the bare hash,
 * a list beside a full hash pool, what a token adds to a request, and registering, signing in and asking who one is
 * beside better-auth.
 *
 * usage: npm run bench -- accounts [accounts]
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hash } from '@node-rs/argon2'
import { createPasswords, hashOptions } from '../src/passport/password.ts'
import { captchaAnswer, fetchPicture } from '../tests/app.ts'
import { startMachine } from '../tests/machine.ts'
import type { Machine } from '../tests/machine.ts'
import { lookUpCosts, tokenCostUs } from './lib/account-costs.ts'
import { inTurns, rate } from './lib/load.ts'
import type { Fire, Request } from './lib/load.ts'
import { against, median, perSecond, quantile, report } from './lib/report.ts'
import type { Line } from './lib/report.ts'
import { seed, seededMobile, seededUserId } from './lib/seed.ts'

const large = Number(process.argv[2] ?? 1_000_000)
const small = 1_000
const people = 200
const rounds = 5
const password = 'a long Password of nobody 7'
const poolSize = { running: 2, waiting: 100 }
const allowedUs = 50

const lines: Line[] = []
const count = (n: number): string => n.toLocaleString('en')
const post = (path: string, body: object): Request => ({ path, method: 'POST', body: JSON.stringify(body) })
const number = (n: number, below: number): string =>
  seededMobile((Math.imul(n + 1, 2_654_435_761) >>> 0) % below)

const startPeer = async (dir: string) => {
  const child = fork('bench/lib/better-auth.ts')
  child.send(join(dir, 'better-auth.db'))
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return { url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => child.kill() }
}

/** Verifications per second of the pool with nothing around it. */
const poolRate = async (passwordHash: string, seconds: number): Promise<number> => {
  const passwords = createPasswords(poolSize)
  const endMs = performance.now() + seconds * 1000
  let done = 0
  const work = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await passwords.verify(passwordHash, password)
      done++
    }
  }
  await Promise.all(Array.from({ length: 16 }, work))
  return done / seconds
}

const signInRequests = (rows: number): Request[] =>
  Array.from({ length: Math.min(rows, people * 5) }, (_, n) =>
    post('/api/v1/passport/login', { account: number(n, rows), password }),
  )
const signInsOf = (machine: Machine, rows: number): Fire => ({
  url: machine.base,
  requests: signInRequests(rows),
})

const besideThePool = async (machine: Machine, passwordHash: string): Promise<void> => {
  const taken = { ours: [] as number[], pool: [] as number[] }
  await rate(signInsOf(machine, large), 1, [200])
  for (let round = 0; round < rounds; round++) {
    taken.pool.push(await poolRate(passwordHash, 2))
    taken.ours.push(await rate(signInsOf(machine, large), 2, [200]))
  }
  lines.push({
    what: 'sign-in beside the bare hash pool',
    ours: perSecond(median(taken.ours)),
    peer: `${perSecond(median(taken.pool))} hashes`,
    ratio: median(taken.ours.map((value, n) => value / (taken.pool[n] ?? NaN))),
    limit: { least: 0.8 },
    settings: `SQLite, ${count(large)} accounts, argon2id 19 MiB t=2 p=1, 16 connections, medians of 5 × 2 s`,
  })
}

/** One person looks around while more sign in than the pool and its line can take. */
const besideAFlood = async (machine: Machine): Promise<void> => {
  const requests = signInRequests(large)
  const taken: number[] = []
  let refused = 0
  const endMs = performance.now() + 6_000
  const flood = async (n: number): Promise<void> => {
    for (let at = n; performance.now() < endMs; at += 150) {
      const { path, body = '' } = requests[at % requests.length] ?? { path: '/' }
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${machine.base}${path}`, { method: 'POST', headers, body })
      await answer.arrayBuffer()
      if (answer.status !== 503) continue
      refused++
      // As the answer asks, but sooner.
      await sleep(200)
    }
  }
  const look = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const startedMs = performance.now()
      await (await fetch(`${machine.base}/api/v1/videos?sort=likes&length=short`)).arrayBuffer()
      taken.push(performance.now() - startedMs)
      await sleep(10)
    }
  }
  await Promise.all([look(), ...Array.from({ length: 150 }, (_, n) => flood(n))])
  if (refused === 0) throw new Error('the flood did not fill the pool')
  lines.push(
    against({
      what: 'a list while the hash pool is full, p99',
      value: quantile(taken, 0.99),
      target: { most: 100 },
      unit: 'ms',
      settings: `SQLite, 150 signing in at once, ${count(refused)} answered 503, ${count(taken.length)} lists one after the other`,
    }),
  )
}

const picturesOf = async (machine: Machine, amount: number): Promise<string[]> => {
  const ids: string[] = []
  while (ids.length < amount)
    ids.push(...(await Promise.all(Array.from({ length: 20 }, () => fetchPicture(machine.base)))))
  return ids
}

const besideBetterAuth = async (machine: Machine, peerUrl: string): Promise<void> => {
  const compare = async (what: string, ours: Fire['requests'], peer: Fire['requests']): Promise<void> => {
    const result = await inTurns({ url: machine.base, requests: ours }, { url: peerUrl, requests: peer })
    lines.push({
      what: `${what} beside better-auth`,
      ours: perSecond(result.ours),
      peer: `${perSecond(result.peer)} better-auth`,
      ratio: result.ratio,
      limit: { least: 1 },
      settings: 'SQLite (WAL, synchronous=FULL), the same argon2id, 16 connections, medians of 5 × 2 s',
    })
  }
  const peerHeaders = { origin: peerUrl }
  const address = (n: number): string => `somebody${n}@example.com`
  let registered = 0
  const peerRegisters = (): Request => ({
    ...post('/api/auth/sign-up/email', { name: 'Somebody', email: address(registered++), password }),
    headers: peerHeaders,
  })
  const pictures = await picturesOf(machine, 6_000)
  const registers = (): Request => {
    const id = pictures.pop()
    if (id === undefined) throw new Error('too few pictures for this machine')
    return post('/api/v1/passport/register', {
      mobile: `150${String(pictures.length).padStart(8, '0')}`,
      password,
      img_code_id: id,
      img_code: captchaAnswer,
    })
  }
  await compare('register', registers, peerRegisters)
  const peerSignIns = Array.from({ length: people }, (_, n) => ({
    ...post('/api/auth/sign-in/email', { email: address(n), password }),
    headers: peerHeaders,
  }))
  await compare('sign-in', signInsOf(machine, small).requests, peerSignIns)

  const sessions = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      const [mine, theirs] = [signInsOf(machine, small).requests, peerSignIns]
      const send = (url: string, request: Request | undefined) =>
        fetch(`${url}${request?.path}`, {
          method: 'POST',
          body: request?.body ?? '',
          headers: { 'content-type': 'application/json', ...request?.headers },
        })
      const own = await send(machine.base, Array.isArray(mine) ? (mine[n] as Request) : undefined)
      const { data } = (await own.json()) as { data: { access_token: string } }
      const other = await send(peerUrl, theirs[n])
      const cookie = other.headers.getSetCookie().map((text) => text.split(';')[0])
      return { token: data.access_token, cookie: cookie.join('; ') }
    }),
  )
  await compare(
    'who am I (GET /me beside get-session)',
    sessions.map(({ token }) => ({ path: '/api/v1/me', headers: { authorization: `Bearer ${token}` } })),
    sessions.map(({ cookie }) => ({ path: '/api/auth/get-session', headers: { cookie } })),
  )
}

const dirs = await Promise.all([0, 1, 2].map(() => mkdtemp(join(tmpdir(), 'vireo-bench-'))))
const [fewDir = '', manyDir = '', peerDir = ''] = dirs
await using ending = new AsyncDisposableStack()
ending.defer(async () => {
  for (const dir of dirs) await rm(dir, { recursive: true, force: true })
})
const passwordHash = await hash(password, hashOptions)
await seed(fewDir, { users: small, videos: 0, passwordHash })
await seed(manyDir, { users: large, videos: 0, passwordHash })

for (const { by, fewUs, manyUs } of await lookUpCosts({ fewDir, few: small, manyDir, many: large }))
  lines.push({
    what: `look-up of who signs in by ${by}, ${count(large)} accounts`,
    ours: `${manyUs.toFixed(1)} µs`,
    peer: `${fewUs.toFixed(1)} µs with ${count(small)}`,
    ratio: manyUs / fewUs,
    limit: { most: 1.2 },
    settings: 'SQLite, in process, processor time, random accounts, medians of 9 × 10,000 in turns',
  })
const tokenUs = await tokenCostUs(fewDir, seededUserId)
lines.push({
  what: 'access token and its session, verified',
  ours: `${tokenUs.toFixed(1)} µs`,
  peer: `${allowedUs} µs allowed`,
  ratio: tokenUs / allowedUs,
  limit: { most: 1 },
  settings: 'SQLite, in process, processor time, 500 sessions in turn, median of 9 × 5,000',
})

const few = ending.use(await startMachine({ dataDir: fewDir }))
const many = ending.use(await startMachine({ dataDir: manyDir }))
const checks = (machine: Machine, rows: number): Fire => ({
  url: machine.base,
  requests: Array.from({ length: 5_000 }, (_, n) =>
    post('/api/v1/passport/check_mobile', { mobile: number(n, rows) }),
  ),
})
const growth = await inTurns(checks(few, small), checks(many, large), { expected: [400] })
lines.push({
  what: `check_mobile with ${count(large)} accounts`,
  ours: perSecond(growth.peer),
  peer: `${perSecond(growth.ours)} with ${count(small)}`,
  ratio: growth.ratio,
  limit: { most: 1.2 },
  settings: 'SQLite, over HTTP, all taken, 16 connections, medians of 5 × 2 s',
})
await besideThePool(many, passwordHash)
await besideAFlood(many)
await many.stop()
const peer = ending.use(await startPeer(peerDir))
await besideBetterAuth(few, peer.url)
report(lines)
