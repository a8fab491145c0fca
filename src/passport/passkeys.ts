/** Owns passkeys: making one, proving one, each challenge good once. What they hold is checked by the library. */
import { createHash } from 'node:crypto'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type { Passkey } from '../../contract/account.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { isDuplicate } from '../platform/db/db.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { sortableId } from '../platform/ids/ids.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { Log } from '../platform/log/log.ts'
import { isoTime } from '../user/index.ts'
import * as store from './two-step-store.ts'

/** Loaded by whoever first uses a passkey: with its parsers of certificates it is a tenth of the start. */
const webauthn = () => import('@simplewebauthn/server')

const lifeMs = 5 * 60_000
const mostPasskeys = 20

type Json = Readonly<Record<string, unknown>>

export type Passkeys = ReturnType<typeof createPasskeys>

interface Deps {
  db: Db
  kv: Kv
  clock: Clock
  log: Log
  siteName: string
  /** Where the site is reached: the origin that browsers must name and the domain that passkeys belong to. */
  publicUrl: string | undefined
}

export const createPasskeys = ({ db, kv, clock, log, siteName, publicUrl }: Deps) => {
  /** Without a public address only this machine itself is one; browsers give passkeys to no plain address else. */
  const place = (credential?: Json) => {
    if (publicUrl !== undefined) {
      const { origin, hostname } = new URL(publicUrl)
      return { expectedOrigin: origin, expectedRPID: hostname }
    }
    return { expectedOrigin: localOriginOf(credential) ?? 'http://localhost', expectedRPID: 'localhost' }
  }
  const challengeKey = (name: string): string => `passkey:${name}`

  /** Takes the challenge away, so that whatever comes of it no second answer can be given. */
  const takeChallenge = async (name: string): Promise<string> => {
    const challenge = await kv.getdel(challengeKey(name))
    if (challenge === undefined) throw new AppError('passkey_invalid')
    return challenge
  }

  const options = async (name: string, userId: string | undefined): Promise<Json> => {
    const rows = userId === undefined ? [] : await store.passkeysQuery(db, userId).execute()
    const { generateAuthenticationOptions } = await webauthn()
    const made = await generateAuthenticationOptions({
      rpID: place().expectedRPID,
      userVerification: userId === undefined ? 'required' : 'preferred',
      allowCredentials: rows.map((row) => ({
        id: row.credential_id,
        transports: JSON.parse(row.transports) as never[],
      })),
    })
    await kv.set(challengeKey(name), made.challenge, lifeMs)
    return made as unknown as Json
  }

  /** Whose passkey it is. As the only step (`ofUser` undefined) the person must have been verified by the device. */
  const redeem = async (name: string, credential: Json, ofUser: string | undefined): Promise<string> => {
    const challenge = await takeChallenge(name)
    const id = typeof credential['id'] === 'string' ? credential['id'] : ''
    const row = await store.findPasskey(db, credentialKey(id))
    if (row === undefined || (ofUser !== undefined && row.user_id !== ofUser))
      throw new AppError('passkey_invalid')
    const result = await verifying(log, async () =>
      (await webauthn()).verifyAuthenticationResponse({
        response: credential as unknown as AuthenticationResponseJSON,
        expectedChallenge: challenge,
        ...place(credential),
        requireUserVerification: ofUser === undefined,
        credential: {
          id: row.credential_id,
          publicKey: new Uint8Array(Buffer.from(row.public_key, 'base64url')),
          counter: row.sign_count,
          transports: JSON.parse(row.transports) as never[],
        },
      }),
    )
    if (!result.verified) throw new AppError('passkey_invalid')
    const change = { sign_count: result.authenticationInfo.newCounter, used_ms: clock.now() }
    if (!(await store.usePasskey(db, row, change))) throw new AppError('passkey_invalid')
    return row.user_id
  }

  return {
    options,
    redeem,

    async registrationOptions(user: { id: string; name: string; label: string }): Promise<Json> {
      const rows = await store.passkeysQuery(db, user.id).execute()
      if (rows.length >= mostPasskeys) throw new AppError('conflict')
      const { generateRegistrationOptions } = await webauthn()
      const made = await generateRegistrationOptions({
        rpName: siteName,
        rpID: place().expectedRPID,
        userID: new Uint8Array(Buffer.from(user.id)),
        userName: user.name,
        userDisplayName: user.label,
        excludeCredentials: rows.map((row) => ({ id: row.credential_id })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      })
      await kv.set(challengeKey(`register:${user.id}`), made.challenge, lifeMs)
      return made as unknown as Json
    },

    /** Checks what the browser made; `keep` writes it. Throws `passkey_invalid`. */
    async verifyNew(userId: string, credential: Json, name: string): Promise<store.PasskeyRow> {
      const challenge = await takeChallenge(`register:${userId}`)
      const result = await verifying(log, async () =>
        (await webauthn()).verifyRegistrationResponse({
          response: credential as unknown as RegistrationResponseJSON,
          expectedChallenge: challenge,
          ...place(credential),
          requireUserVerification: true,
        }),
      )
      if (!result.verified || !result.registrationInfo) throw new AppError('passkey_invalid')
      const { credential: made, credentialBackedUp } = result.registrationInfo
      return {
        id: sortableId(clock.now()),
        user_id: userId,
        credential_key: credentialKey(made.id),
        credential_id: made.id,
        public_key: Buffer.from(made.publicKey).toString('base64url'),
        sign_count: made.counter,
        transports: JSON.stringify(made.transports ?? []),
        synced: credentialBackedUp ? 1 : 0,
        name: name || '通行密钥',
        created_ms: clock.now(),
        used_ms: null,
      }
    },

    async keep(trx: Transaction, row: store.PasskeyRow): Promise<void> {
      try {
        await store.insertPasskey(trx, row)
      } catch (error) {
        if (isDuplicate(error, 'uq_passkey_credential_key')) throw new AppError('conflict', { cause: error })
        throw error
      }
    },

    listOf: async (userId: string): Promise<Passkey[]> =>
      (await store.passkeysQuery(db, userId).execute()).map(toPasskey),
  }
}

export const toPasskey = (row: store.PasskeyRow): Passkey => ({
  id: row.id,
  name: row.name,
  create_time: isoTime(row.created_ms),
  last_used: row.used_ms === null ? null : isoTime(row.used_ms),
  synced: row.synced === 1,
})

const localOriginOf = (credential: Json | undefined): string | undefined => {
  try {
    const { clientDataJSON } = credential?.['response'] as { clientDataJSON: string }
    const { origin } = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString()) as { origin: string }
    return /^http:\/\/localhost(:\d+)?$/.test(origin) ? origin : undefined
  } catch {
    return undefined
  }
}

const credentialKey = (id: string): string => createHash('sha256').update(id).digest('base64url')

/** The library throws on anything hostile; to the caller it is one answer. */
const verifying = async <T>(log: Log, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    log.info({ reason: (error as Error).message.slice(0, 200) }, 'a passkey was refused')
    throw new AppError('passkey_invalid', { cause: error })
  }
}
