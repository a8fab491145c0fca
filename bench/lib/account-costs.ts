/** Owns what the account system's look-ups cost inside the process, without the web server around them. */
import { join } from 'node:path'
import { cpuUsage } from 'node:process'
import { createAudit } from '../../src/audit/index.ts'
import { Secret } from '../../src/config/secrets.ts'
import { createParseMobile } from '../../src/passport/rules.ts'
import { createSeal } from '../../src/passport/seal.ts'
import { createSessions } from '../../src/passport/sessions.ts'
import { createFindAccount } from '../../src/passport/sign-in.ts'
import { createSigningKeys } from '../../src/passport/signing-keys.ts'
import { createTokens } from '../../src/passport/tokens.ts'
import { systemClock } from '../../src/platform/clock/clock.ts'
import { openDatabase } from '../../src/platform/db/db.ts'
import { silentLog } from '../../src/platform/log/log.ts'
import { median } from './report.ts'
import { seededEmail, seededMobile, seededUsername } from './seed.ts'

const rounds = 9
const names = { mobile: seededMobile, 'e-mail': seededEmail, 'user name': seededUsername } as const

const open = (dir: string) =>
  openDatabase({
    config: { kind: 'sqlite', file: join(dir, 'vireo.db') },
    log: silentLog,
    clock: systemClock,
  })

/** Microseconds of processor time for each of `times` calls, one after the other: nobody waits for anything here. */
const eachUs = async (times: number, call: (n: number) => Promise<unknown>): Promise<number> => {
  const before = cpuUsage()
  for (let n = 0; n < times; n++) await call(n)
  const { user, system } = cpuUsage(before)
  return (user + system) / times
}

/** Medians in both sites, taken in turns so that both meet the same noise. */
export const lookUpCosts = async (sites: {
  fewDir: string
  few: number
  manyDir: string
  many: number
}): Promise<{ by: string; fewUs: number; manyUs: number }[]> => {
  await using few = await open(sites.fewDir)
  await using many = await open(sites.manyDir)
  const parseMobile = createParseMobile(['CN'])
  const costs = []
  for (const [by, nameOf] of Object.entries(names)) {
    const look = (db: typeof few, rows: number, times: number) => {
      const find = createFindAccount({ db, parseMobile })
      return eachUs(times, async (n) => {
        const name = nameOf((Math.imul(n + 7, 2_654_435_761) >>> 0) % rows)
        if ((await find(name)) === undefined) throw new Error(`${name} is not there`)
      })
    }
    const taken = { few: [] as number[], many: [] as number[] }
    for (let round = -1; round < rounds; round++) {
      const [a, b] = [await look(few, sites.few, 10_000), await look(many, sites.many, 10_000)]
      if (round < 0) continue
      taken.few.push(a)
      taken.many.push(b)
    }
    costs.push({ by, fewUs: median(taken.few), manyUs: median(taken.many) })
  }
  return costs
}

/** What finding the caller behind an access token takes: signature, claims, session, role and ban. */
export const tokenCostUs = async (dir: string, userIdOf: (n: number) => string): Promise<number> => {
  await using db = await open(dir)
  const clock = systemClock
  const secret = new Secret(Buffer.alloc(32, 7))
  const audit = createAudit({ db, clock, cursorSecret: secret.reveal() })
  const keys = createSigningKeys({ db, clock, seal: createSeal(secret), first: secret, audit })
  const tokens = createTokens({ secrets: { keyFor: () => secret }, keys, clock })
  const sessions = createSessions({ db, clock, tokens, log: silentLog, audit, staffNeedsTwoStep: true })
  const device = { device: 'bench', address: '127.0.0.1' }
  const opened: string[] = []
  for (let n = 0; n < 500; n++) {
    const session = await db.transaction((trx) => sessions.open(trx, userIdOf(n), device))
    opened.push((await sessions.issue(session)).accessToken)
  }
  const taken: number[] = []
  for (let round = -1; round < rounds; round++) {
    const us = await eachUs(5_000, (n) => sessions.caller(opened[n % opened.length] ?? ''))
    if (round >= 0) taken.push(us)
  }
  return median(taken)
}
