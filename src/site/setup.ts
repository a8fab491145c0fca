/** Owns the one-time link that makes the first administrator. */
import { createHash } from 'node:crypto'
import type { z } from 'zod'
import type { setup } from '../../contract/site.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { secretToken } from '../platform/ids/ids.ts'
import type { PassportService } from '../passport/index.ts'
import type { UserService } from '../user/index.ts'
import type { Settings } from './settings.ts'
import * as store from './store.ts'

const name = 'setup_token'

interface Deps {
  db: Db
  users: UserService
  passport: PassportService
  settings: Pick<Settings, 'change'>
}

type SetupInput = z.output<NonNullable<typeof setup.body>>
type OpenSession = Awaited<ReturnType<PassportService['createAccount']>>

export type Setup = ReturnType<typeof createSetup>

export const createSetup = ({ db, users, passport, settings }: Deps) => ({
  isNeeded: async (): Promise<boolean> => !(await users.hasAdmin()),

  /** A new token, which ends the one before; undefined once there is an administrator. */
  async newToken(): Promise<string | undefined> {
    if (await users.hasAdmin()) return undefined
    const token = secretToken(24)
    await db.transaction((trx) => store.replaceValue(trx, name, digest(token)))
    return token
  },

  /** Consumes the token and makes the administrator with who may join, in one transaction. Throws `setup_token_invalid`, `setting_fixed`. */
  async redeem(input: SetupInput, device: { device: string; address: string }): Promise<OpenSession> {
    if (!input.mobile.trim()) throw new AppError('params_missing')
    const { registration, registration_identity } = input
    const account = await passport.readNewAccount({ ...input, email: undefined, username: undefined })
    return passport.createAccount({ ...account, role: 'admin' }, device, async (trx) => {
      const isTaken = await store.takeValue(trx, name, digest(input.token))
      if (!isTaken || (await users.hasAdminIn(trx))) throw new AppError('setup_token_invalid')
      await settings.change(trx, { registration, registration_identity })
    })
  },
})

const digest = (token: string): string => createHash('sha256').update(token).digest('base64url')
