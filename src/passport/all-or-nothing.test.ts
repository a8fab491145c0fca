/** Owns the promise that what happens to an account happens whole or not at all, whichever statement is the last. */
import { describe, expect, it } from 'vitest'
import { enginePairs, freshMobile } from '../../tests/app.ts'
import { createManualClock } from '../platform/clock/clock.ts'
import { contentsOf } from '../platform/db/faults.ts'
import { createWatchedPassport, here } from './passport.fixture.ts'

const password = 'long-Enough-7'

describe.each(enginePairs())('a fault in the middle on $name', (pair) => {
  const setUp = () => createWatchedPassport(pair, { clock: createManualClock(Date.now()) })
  type Watched = Awaited<ReturnType<typeof setUp>>

  /** Tries `act` with a fault after each of its statements; gives how many there were. */
  const breakEverywhere = async (watched: Watched, act: () => Promise<unknown>): Promise<number> => {
    const { db, faults } = watched
    for (let n = 1; ; n++) {
      const before = await contentsOf(db)
      faults.failAfter(n)
      const failed = await act().then(
        () => false,
        (error: unknown) => {
          expect(String(error)).toContain('the power went')
          return true
        },
      )
      const ran = faults.count()
      faults.failAfter(Infinity)
      const after = await contentsOf(db)
      if (!failed) {
        expect(after).not.toEqual(before)
        return ran
      }
      for (const table of Object.keys(before))
        if (table !== 'attempt') expect(after[table], `${table} after statement ${n}`).toEqual(before[table])
    }
  }

  it('security.md #3: leaves nothing of a registration, after whichever statement', async () => {
    await using watched = await setUp()
    const before = await contentsOf(watched.db)
    for (const table of ['user', 'account', 'session']) expect(before[table]).toEqual([])
    const statements = await breakEverywhere(watched, () => watched.register(freshMobile(), password))
    expect(statements).toBeGreaterThanOrEqual(6)
    const after = await contentsOf(watched.db)
    for (const table of ['user', 'user_counter', 'account', 'session', 'known_device'])
      expect(after[table], table).toHaveLength(1)
  })

  it('security.md #3: leaves nothing of a new password or a deletion, after whichever statement', async () => {
    await using watched = await setUp()
    const { passport } = watched
    const { userId, sessionId } = await watched.register(freshMobile(), password)
    await watched.register(freshMobile(), password)
    const caller = { userId, sessionId, role: 'user' } as const
    const change = { current_password: password, password: 'brand-New-pass-9' }
    expect(
      await breakEverywhere(watched, () => passport.changes.password(caller, change, here.address)),
    ).toBeGreaterThanOrEqual(3)
    const proof = { current_password: change.password }
    expect(
      await breakEverywhere(watched, () => passport.leaving.begin(caller, proof, here.address)),
    ).toBeGreaterThanOrEqual(4)
  })

  it('security.md #3: leaves nothing of a new number or a reset, after whichever statement', async () => {
    await using watched = await setUp()
    const { passport } = watched
    const { userId, sessionId } = await watched.register(freshMobile(), password)
    const caller = { userId, sessionId, role: 'user' } as const
    const asker = { userId, address: here.address, language: 'zh' } as const
    const mobile = freshMobile()
    const codeFor = async (purpose: 'change_mobile' | 'reset_password'): Promise<string> => {
      const sent = watched.stored.length
      await passport.codeRequests.sms({ mobile, purpose, ...(await watched.picture()) }, asker)
      // The picture is one thing that was stored, the code the other.
      await expect.poll(() => watched.stored.length).toBe(sent + 2)
      return watched.lastCode()
    }
    const changes = await breakEverywhere(watched, async () => {
      const change = { mobile, sms_code: await codeFor('change_mobile'), current_password: password }
      await passport.changes.mobile(caller, change, here.address)
    })
    expect(changes).toBeGreaterThanOrEqual(4)
    const resets = await breakEverywhere(watched, async () => {
      const given = {
        account: mobile,
        sms_code: await codeFor('reset_password'),
        password: 'third-Good-pass-5',
      }
      await passport.reset.confirm(given, here.address)
    })
    expect(resets).toBeGreaterThanOrEqual(5)
  })
})
