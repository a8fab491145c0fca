/** Owns the real app for tests: port 0, a directory and a database of its own, gone when the test is over. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { createApp } from '../src/app.ts'
import type { App } from '../src/app.ts'
import { loadConfig } from '../src/config/load.ts'
import type { Config } from '../src/config/load.ts'
import { loadSecrets } from '../src/config/secrets.ts'
import { systemClock } from '../src/platform/clock/clock.ts'
import type { Clock } from '../src/platform/clock/clock.ts'
import { hasService, testDatabases, testServices } from '../src/platform/db/testing.ts'
import type { Log } from '../src/platform/log/log.ts'
import { openSuiteLog } from './leaks.ts'

export const captchaAnswer = 'abcd'

/** The two pairs of engines that every API test runs on. */
export interface EnginePair {
  readonly name: 'sqlite + memory' | 'mariadb + redis'
  /** With `migrated` it may have its tables already, which is quicker. */
  place(options?: { migrated?: boolean }): Promise<{ config: Config['db'] } & AsyncDisposable>
  readonly redisUrl: string
}

/** `describe.each(enginePairs())`; the second pair is left out where its services are not there (never under CI). */
export const enginePairs = (): EnginePair[] => {
  const engines = testDatabases()
  const pairs: EnginePair[] = []
  for (const engine of engines) {
    if (engine.name === 'sqlite') pairs.push({ name: 'sqlite + memory', place: engine.place, redisUrl: '' })
    else if (hasService('Redis', testServices.redisUrl)) {
      pairs.push({ name: 'mariadb + redis', place: engine.place, redisUrl: testServices.redisUrl })
    }
  }
  return pairs
}

export interface TestApp extends AsyncDisposable {
  readonly app: App
  readonly config: Config
  readonly base: string
  /** A request with JSON in and out. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
  /** Registers a fresh number and returns what the server said. */
  signUp(fields?: Record<string, string>): Promise<SignedUp>
}

export interface CallOptions {
  token?: string
  json?: unknown
  form?: Record<string, string>
  headers?: Record<string, string>
}

export interface Answer {
  status: number
  headers: Headers
  body: {
    code: number
    msg: string
    data: never
    error?: string
    details?: { field: string; error: string }[]
    request_id?: string
  }
}

export interface SignedUp {
  userId: string
  roomId: string
  mobile: string
  password: string
  token: string
  refreshToken: string
}

interface TestAppOptions {
  pair?: EnginePair
  environment?: Record<string, string>
  clock?: Clock
  log?: Log
  ingestAddress?: string
  /** For tests that harm the tables: no test after them may get the database. */
  ownTables?: boolean
}

export const createTestApp = async (options: TestAppOptions = {}): Promise<TestApp> => {
  await using making = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'vireo-test-'))
  making.defer(() => rm(directory, { recursive: true, force: true }))
  const suiteLog = openSuiteLog()
  making.defer(() => suiteLog.close())
  const place = making.use(
    options.pair ? await options.pair.place({ migrated: !options.ownTables }) : sqliteIn(directory),
  )
  const config: Config = {
    ...loadConfig({
      VIREO_PROFILE: 'test',
      VIREO_HOST: '127.0.0.1',
      VIREO_HTTP_PORT: '0',
      VIREO_DATA_DIR: directory,
      VIREO_CAPTCHA_ANSWER: captchaAnswer,
      VIREO_DISK_RESERVE: '1M',
      VIREO_REDIS_URL: options.pair?.redisUrl ?? '',
      ...options.environment,
    }),
    db: place.config,
  }
  const app = making.use(
    await createApp({
      config,
      secrets: loadSecrets(directory, undefined),
      clock: options.clock ?? systemClock,
      log: options.log ?? suiteLog,
      ingestAddress: options.ingestAddress ?? join(directory, 'no-ingest.sock'),
    }),
  )
  const made = making.move()
  const base = `http://127.0.0.1:${app.httpPort}`
  const call: TestApp['call'] = (method, path, given) => send(base, method, path, given)
  return {
    app,
    config,
    base,
    call,
    signUp: (fields = {}) => signUp(call, base, fields),
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  }
}

const sqliteIn = (directory: string): { config: Config['db'] } & AsyncDisposable => ({
  config: { kind: 'sqlite', file: join(directory, 'vireo.db') },
  [Symbol.asyncDispose]: async () => undefined,
})

const send = async (
  base: string,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer> => {
  const body = options.form
    ? new URLSearchParams(options.form)
    : options.json === undefined
      ? undefined
      : JSON.stringify(options.json)
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      ...(options.json !== undefined && { 'content-type': 'application/json' }),
      ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
      ...options.headers,
    },
    ...(body !== undefined && { body }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: JSON.parse(text) as Answer['body'] }
}

/** A picture for a fresh id; its answer is `captchaAnswer`. */
export const fetchPicture = async (base: string, headers: Record<string, string> = {}): Promise<string> => {
  const id = randomUUID()
  const response = await fetch(`${base}/passport/image_code?cur_id=${id}`, { headers })
  await response.arrayBuffer()
  if (response.status !== 200) throw new Error(`no picture: ${response.status}`)
  return id
}

export const freshMobile = (): string => `139${String(randomInt(0, 100_000_000)).padStart(8, '0')}`

const signUp = async (
  call: TestApp['call'],
  base: string,
  fields: Record<string, string>,
): Promise<SignedUp> => {
  const mobile = freshMobile()
  const password = `Aa1-${randomBytes(9).toString('base64url')}`
  const answer = await call('POST', '/api/v1/passport/register', {
    json: { mobile, password, img_code_id: await fetchPicture(base), img_code: captchaAnswer, ...fields },
  })
  if (answer.status !== 200) throw new Error(`could not register: ${JSON.stringify(answer.body)}`)
  const data = answer.body.data as {
    user: { id: string; room_id: string }
    access_token: string
    refresh_token: string
  }
  return {
    userId: data.user.id,
    roomId: data.user.room_id,
    mobile,
    password,
    token: data.access_token,
    refreshToken: data.refresh_token,
  }
}
