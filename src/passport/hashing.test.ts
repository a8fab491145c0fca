/** Owns the tests of what signing in costs: one hash whoever it is, today's parameters, and a full pool that says so. */
import { randomInt } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTestApp, enginePairs, freshMobile } from '../../tests/app.ts'
import { createManualClock } from '../platform/clock/clock.ts'
import { isAppError } from '../platform/errors/app-error.ts'
import { createPasswords, hashOptions, isOutdated } from './password.ts'
import { createWatchedPassport, here } from './passport.fixture.ts'
import * as store from './store.ts'

const { counted } = vi.hoisted(() => ({
  counted: { hashes: 0, comparisons: 0, memoryCost: undefined as number | undefined },
}))
// The real hash, counted; and cheap where a test says so, so that what else differs would show the more.
vi.mock(import('@node-rs/argon2'), async (importOriginal) => {
  const real = await importOriginal()
  return {
    ...real,
    hash: (password, options, signal) => {
      counted.hashes++
      const { memoryCost } = counted
      return real.hash(password, memoryCost === undefined ? options : { ...options, memoryCost }, signal)
    },
    verify: (stored, password, options, signal) => {
      counted.comparisons++
      return real.verify(stored, password, options, signal)
    },
  }
})

// Redis remembers what the last run tried.
const firstNumber = randomInt(90_000_000)
const mobileOf = (n: number): string => `138${String(firstNumber + n).padStart(8, '0')}`
const unknownOf = (n: number): string => `137${String(firstNumber + n).padStart(8, '0')}`

describe.each(enginePairs())('signing in on $name', (pair) => {
  const samples = 1_000
  let watched: Awaited<ReturnType<typeof createWatchedPassport>>
  beforeAll(async () => {
    counted.memoryCost = 64
    watched = await createWatchedPassport(pair, { clock: createManualClock(Date.now()) })
  })
  afterAll(async () => {
    counted.memoryCost = undefined
    await watched[Symbol.asyncDispose]()
  })

  const knownPeople = async (): Promise<void> => {
    const { db, passport } = watched
    const hash = await createPasswords({ running: 1, waiting: 0 }).hash('the right one')
    for (let from = 0; from < samples; from += 100)
      await db.transaction(async (trx) => {
        for (let n = from; n < from + 100; n++) {
          const user = { nickname: undefined, username: undefined, role: 'user' } as const
          const row = {
            email: null,
            email_key: null,
            email_proven_ms: null,
            password_changed_ms: null,
            delete_due_ms: null,
          }
          await store.insertAccount(trx, {
            ...row,
            user_id: await passport.users.create(trx, user),
            mobile: `+86${mobileOf(n)}`,
            mobile_proven_ms: null,
            password_hash: hash,
            two_step: 0,
            created_ms: 0,
          })
        }
      })
  }

  it('security.md #20: costs one hash for a number that is there and for one that is not, and takes alike', async () => {
    await knownPeople()
    const { passport } = watched
    const sample = async (account: string): Promise<number> => {
      const [hashes, comparisons] = [counted.hashes, counted.comparisons]
      const startMs = performance.now()
      await expect(passport.signIn({ account, password: 'not it' }, here)).rejects.toMatchObject({
        code: 'credentials_wrong',
      })
      const tookMs = performance.now() - startMs
      expect([counted.hashes - hashes, counted.comparisons - comparisons]).toEqual([0, 1])
      return tookMs
    }
    await passport.signIn({ account: unknownOf(99_999), password: 'x' }, here).catch(() => undefined)
    const [known, unknown]: [number[], number[]] = [[], []]
    // One after the other in turns: whatever else the machine does meets both.
    for (let n = 0; n < samples; n++) {
      const inTurn = [
        async () => known.push(await sample(mobileOf(n))),
        async () => unknown.push(await sample(unknownOf(n))),
      ]
      for (const one of n % 2 ? inTurn : inTurn.reverse()) await one()
    }
    // The chance that a known one takes longer (Mann–Whitney): one half when nobody can tell; 0.013 is its deviation.
    const all = [...known.map((ms) => ({ ms, known: 1 })), ...unknown.map((ms) => ({ ms, known: 0 }))]
    const ranks = all
      .sort((a, b) => a.ms - b.ms)
      .reduce((sum, one, index) => sum + (one.known ? index + 1 : 0), 0)
    const chance = (ranks - (samples * (samples + 1)) / 2) / samples ** 2
    expect(chance).toBeGreaterThan(0.25)
    expect(chance).toBeLessThan(0.75)
  })

  it('security.md #17: keeps a PHC string and renews one of other parameters when its owner signs in', async () => {
    const { db, passport } = watched
    const mobile = freshMobile()
    const { userId } = await watched.register(mobile, 'long-Enough-7')
    const stored = async () => (await store.findAccount(db, userId))?.password_hash ?? ''
    const old = await stored()
    expect(old).toMatch(/^\$argon2id\$v=19\$m=64,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(isOutdated(old)).toBe(true)
    counted.memoryCost = undefined
    await passport.signIn({ account: mobile, password: 'wrong' }, here).catch(() => undefined)
    expect(await stored()).toBe(old)
    await passport.signIn({ account: mobile, password: 'long-Enough-7' }, here)
    const renewed = await stored()
    expect(renewed).toContain(`m=${hashOptions.memoryCost},t=${hashOptions.timeCost},p=1$`)
    expect(isOutdated(renewed)).toBe(false)
    await passport.signIn({ account: mobile, password: 'long-Enough-7' }, here)
    expect(await stored()).toBe(renewed)
  })
})

describe.each(enginePairs())('a flood of sign-ins on $name', (pair) => {
  it('security.md #18: is turned away with a time to come back, while others are answered before it is over', async () => {
    await using test = await createTestApp({ pair })
    const someone = await test.signUp()
    let open = 0
    let answeredWhileOpen = 0
    const flood = Array.from({ length: 300 }, async () => {
      open++
      const json = { account: freshMobile(), password: 'not-it-at-all' }
      const answer = await test.call('POST', '/api/v1/passport/login', { json })
      open--
      return answer
    })
    while (open > 0) {
      const me = await test.call('GET', '/api/v1/me', { token: someone.token })
      expect(me.status).toBe(200)
      if (open > 0) answeredWhileOpen++
    }
    const answers = await Promise.all(flood)
    const turnedAway = answers.filter(({ status }) => status === 503)
    expect(turnedAway.length).toBeGreaterThan(0)
    for (const { body, headers } of turnedAway) {
      expect(body.error).toBe('unavailable')
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(answers.every(({ status }) => status === 503 || status === 401)).toBe(true)
    expect(answers.filter(({ status }) => status === 401).length).toBeGreaterThan(50)
    expect(answeredWhileOpen).toBeGreaterThan(3)
  })
})

it('security.md #18: a full pool refuses at once and goes on in order', async () => {
  const passwords = createPasswords({ running: 2, waiting: 3 })
  const results = await Promise.allSettled(
    Array.from({ length: 8 }, () => passwords.verify(undefined, 'anything')),
  )
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  for (const result of results)
    if (result.status === 'rejected') expect(isAppError(result.reason, 'unavailable')).toBe(true)
  expect(await passwords.verify(undefined, 'anything')).toBe(false)
})
