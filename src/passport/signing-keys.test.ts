/** Owns the tests of changing the key that signs access tokens. */
import { describe, expect, it } from 'vitest'
import { createAudit } from '../audit/index.ts'
import { Secret } from '../config/secrets.ts'
import { createManualClock } from '../platform/clock/clock.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { createSeal } from './seal.ts'
import { createSigningKeys } from './signing-keys.ts'
import { createTokens } from './tokens.ts'

describe.each(testDatabases())('signing keys on $name', (engine) => {
  it('security.md #25: change with overlap, in every process, and end', async () => {
    await using db = await engine.open()
    const clock = createManualClock(Date.now())
    const secret = new Secret(Buffer.alloc(32, 7))
    const secrets = { keyFor: () => secret }
    const audit = createAudit({ db, clock, cursorSecret: secret.reveal() })
    const process = () => {
      const keys = createSigningKeys({ db, clock, seal: createSeal(secret), first: secret, audit })
      return { keys, tokens: createTokens({ secrets, keys, clock }) }
    }
    const [here, there] = [process(), process()]
    const claims = { userId: 'u', sessionId: 's' }
    const before = await here.tokens.access(claims)
    expect(await there.tokens.readAccess(before)).toEqual(claims)
    clock.advance(2_000)
    const id = await here.keys.rotate()
    const after = await here.tokens.access(claims)
    expect(JSON.parse(Buffer.from(after.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({
      kid: id,
    })
    for (const { tokens } of [here, there]) {
      expect(await tokens.readAccess(before)).toEqual(claims)
      expect(await tokens.readAccess(after)).toEqual(claims)
    }
    clock.advance(14 * 60_000)
    expect(await there.tokens.readAccess(before)).toEqual(claims)
    clock.advance(10 * 60_000)
    const late = await there.tokens.access(claims)
    expect(await there.tokens.readAccess(late)).toEqual(claims)
    expect(await here.keys.verifying('1')).toBeUndefined()
    expect(await here.keys.verifying('nonsense')).toBeUndefined()
    const stored = await db.selectFrom('signing_key').selectAll().execute()
    expect(stored).toHaveLength(1)
    expect((await audit.list({ action: 'keys.rotated' }, { limit: 5 })).items).toHaveLength(1)
  })
})
