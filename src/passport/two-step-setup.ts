/** Owns switching two-step verification on and off: the app, recovery codes and passkeys, each change told and written down. */
import type { z } from 'zod'
import type { Passkey, registerPasskey } from '../../contract/account.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Attempts } from './attempts.ts'
import type { Devices } from './devices.ts'
import type { NoticeBoard } from './notices.ts'
import { toPasskey } from './passkeys.ts'
import type { Passkeys } from './passkeys.ts'
import type { Proof, Prove } from './proof.ts'
import type { RecoveryCodes } from './recovery-codes.ts'
import { maskMobile } from './rules.ts'
import * as store from './store.ts'
import type { Totp } from './totp.ts'
import { twoStepTries } from './two-step.ts'
import * as twoStepStore from './two-step-store.ts'

type PasskeyInput = z.output<NonNullable<typeof registerPasskey.body>>

interface Who {
  userId: string
  address: string
}

interface Deps {
  db: Db
  clock: Clock
  attempts: Attempts
  audit: Audit
  devices: Devices
  notices: NoticeBoard
  passkeys: Passkeys
  prove: Prove
  recoveryCodes: RecoveryCodes
  totp: Totp
}

export type TwoStepSetup = ReturnType<typeof createTwoStepSetup>

export const createTwoStepSetup = (deps: Deps) => {
  const { db, clock, attempts, audit, devices, notices, passkeys, prove, recoveryCodes, totp } = deps

  /** In the transaction of every change: the flag on the account, the notice, the audit entry. */
  const changed = async (trx: Transaction, who: Who, action: string): Promise<{ isOn: boolean }> => {
    const [app, keys] = [
      await twoStepStore.findTotp(trx, who.userId),
      await twoStepStore.passkeysQuery(trx, who.userId).execute(),
    ]
    const isOn = app?.confirmed_ms != null || keys.length > 0
    await store.updateAccount(trx, who.userId, { two_step: isOn ? 1 : 0 })
    if (!isOn) await twoStepStore.replaceRecoveryCodes(trx, who.userId, [])
    const account = await store.findAccount(trx, who.userId)
    if (account) await notices.tell(trx, account, 'two_step_changed')
    await audit.record(trx, {
      actorId: who.userId,
      action,
      subject: { kind: 'user', id: who.userId },
      address: who.address,
    })
    return { isOn }
  }

  /** The first method brings codes for the day when it is lost. */
  const firstCodes = async (trx: Transaction, userId: string): Promise<string[] | undefined> =>
    (await twoStepStore.countRecoveryCodes(trx, userId)) > 0 ? undefined : recoveryCodes.renew(trx, userId)

  return {
    async startTotp(who: Who, proof: Proof): Promise<{ secret: string; uri: string }> {
      const account = await prove(who.userId, proof)
      const label = account.mobile === null ? (account.email ?? who.userId) : maskMobile(account.mobile)
      return db.transaction((trx) => totp.start(trx, who.userId, label))
    },

    async confirmTotp(who: Who, code: string): Promise<string[]> {
      await attempts.demand(twoStepTries, who.userId)
      await totp.redeem(who.userId, code, true)
      await attempts.clear(twoStepTries, who.userId)
      return db.transaction(async (trx) => {
        if (!(await twoStepStore.confirmTotp(trx, who.userId, clock.now()))) throw new AppError('two_step_on')
        const codes = await recoveryCodes.renew(trx, who.userId)
        await changed(trx, who, 'two_step.totp_on')
        return codes
      })
    },

    async deleteTotp(who: Who, proof: Proof): Promise<void> {
      if (!(await totp.isOn(who.userId))) throw new AppError('two_step_off')
      await prove(who.userId, proof)
      await db.transaction(async (trx) => {
        await twoStepStore.deleteTotp(trx, who.userId)
        await devices.forgetTrust(trx, who.userId)
        await changed(trx, who, 'two_step.totp_off')
      })
    },

    async renewRecoveryCodes(who: Who, proof: Proof): Promise<string[]> {
      const account = await prove(who.userId, proof)
      if (account.two_step === 0) throw new AppError('two_step_off')
      return db.transaction(async (trx) => {
        const codes = await recoveryCodes.renew(trx, who.userId)
        await changed(trx, who, 'two_step.recovery_codes_renewed')
        return codes
      })
    },

    async passkeyOptions(who: Who, proof: Proof, label: string): Promise<Readonly<Record<string, unknown>>> {
      const account = await prove(who.userId, proof)
      const name = account.mobile === null ? (account.email ?? label) : maskMobile(account.mobile)
      return passkeys.registrationOptions({ id: who.userId, name, label })
    },

    async registerPasskey(
      who: Who,
      { credential, name = '' }: PasskeyInput,
    ): Promise<{ passkey: Passkey; recovery_codes?: string[] }> {
      const row = await passkeys.verifyNew(who.userId, credential, name)
      return db.transaction(async (trx) => {
        await passkeys.keep(trx, row)
        const codes = await firstCodes(trx, who.userId)
        await changed(trx, who, 'two_step.passkey_added')
        return { passkey: toPasskey(row), ...(codes && { recovery_codes: codes }) }
      })
    },

    async renamePasskey(userId: string, id: string, name: string): Promise<void> {
      const mine = await twoStepStore.passkeysQuery(db, userId).execute()
      if (!mine.some((row) => row.id === id)) throw new AppError('not_found')
      await twoStepStore.renamePasskey(db, userId, id, name)
    },

    async deletePasskey(who: Who, id: string, proof: Proof): Promise<void> {
      const mine = await twoStepStore.passkeysQuery(db, who.userId).execute()
      if (!mine.some((row) => row.id === id)) throw new AppError('not_found')
      await prove(who.userId, proof)
      await db.transaction(async (trx) => {
        if (!(await twoStepStore.deletePasskey(trx, who.userId, id))) throw new AppError('not_found')
        await changed(trx, who, 'two_step.passkey_removed')
      })
    },
  }
}
