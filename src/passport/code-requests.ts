/** Owns asking for a code by SMS or e-mail: who may ask for which purpose, and that the answer gives nobody away. */
import type { z } from 'zod'
import type { emailCode, smsCode } from '../../contract/passport.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Db } from '../platform/db/db.ts'
import type { Language } from '../platform/http/language.ts'
import type { Log } from '../platform/log/log.ts'
import type { Captcha } from './captcha.ts'
import { codeLifeMs, resendMs } from './codes.ts'
import type { Codes, CodeTarget } from './codes.ts'
import type { Messages } from './messages.ts'
import { emailKey, parseEmail } from './rules.ts'
import type { ParseMobile } from './rules.ts'
import * as store from './store.ts'
import type { TwoStep } from './two-step.ts'

type SmsInput = z.output<NonNullable<typeof smsCode.body>>
type EmailInput = z.output<NonNullable<typeof emailCode.body>>

interface Asker {
  userId: string | undefined
  address: string
  language: Language
}

interface Deps {
  db: Db
  log: Log
  captcha: Captcha
  codes: Codes
  messages: Messages
  parseMobile: ParseMobile
  strict: boolean
  registrationIsClosed: () => Promise<boolean>
  twoStep: TwoStep
}

const sent = { resend_after: resendMs / 1000, expires_in: codeLifeMs / 1000 }

export const createCodeRequests = ({ db, log, captcha, codes, messages, parseMobile, ...deps }: Deps) => {
  const showPicture = async (
    input: { img_code_id?: string | undefined; img_code?: string | undefined },
    address: string,
  ) => {
    if (!input.img_code_id || !input.img_code?.trim()) throw new AppError('params_missing')
    await captcha.redeem(input.img_code_id, input.img_code, address)
  }

  /** To who may have it, at once; to who may not, the same answer: nothing is sent, or a word that there is an account. */
  const deliver = async (
    target: CodeTarget,
    asker: Asker,
    { goes, instead, to }: { goes: boolean; instead?: 'already_registered'; to?: string },
  ): Promise<void> => {
    messages.assertUp(target.channel)
    const giveBack = await codes.reserve(target, asker.address)
    if (goes) return codes.send(target, giveBack, asker.language, to)
    if (instead) {
      messages.notice(target.channel, to ?? target.to, instead, asker.language).catch((error: unknown) => {
        log.info({ err: error }, 'a notice could not be sent')
      })
    }
  }

  /** As `deliver`, but what it finds shows neither in the answer nor in its time. */
  const deliverQuietly = async (
    target: CodeTarget,
    asker: Asker,
    goes: () => Promise<CodeTarget | undefined>,
  ) => {
    messages.assertUp(target.channel)
    const giveBack = await codes.reserve(target, asker.address)
    setImmediate(() => {
      goes()
        .then((found) => found && codes.send(found, giveBack, asker.language))
        .catch((error: unknown) => {
          if (!(error instanceof AppError)) log.error({ err: error }, 'a code could not be sent')
        })
    })
  }

  const smsForStranger = async (
    purpose: 'register' | 'login' | 'reset_password',
    mobile: string,
    asker: Asker,
  ) => {
    const target: CodeTarget = { channel: 'sms', purpose, to: mobile, context: '' }
    if (purpose === 'register') {
      if (await deps.registrationIsClosed()) throw new AppError('registration_closed')
      const holder = await store.findAccountByMobile(db, mobile)
      const isTaken = holder !== undefined && holder.mobile_proven_ms !== null
      if (isTaken && !deps.strict) throw new AppError('mobile_taken')
      return deliver(target, asker, { goes: !isTaken, instead: 'already_registered' })
    }
    return deliverQuietly(target, asker, async () => {
      const account = await store.findAccountByMobile(db, mobile)
      if (account === undefined || account.mobile_proven_ms === null) return undefined
      return purpose === 'login' ? target : { ...target, context: account.user_id }
    })
  }

  return {
    async sms(input: SmsInput, asker: Asker): Promise<typeof sent> {
      if (input.purpose === 'two_step') {
        if (!input.two_step_token) throw new AppError('params_missing')
        await deliver(await deps.twoStep.smsTarget(input.two_step_token), asker, { goes: true })
        return sent
      }
      if (!input.mobile?.trim()) throw new AppError('params_missing')
      const mobile = parseMobile(input.mobile)
      if (mobile === undefined) throw new AppError('mobile_invalid')
      if (input.purpose === 'change_mobile' && asker.userId === undefined)
        throw new AppError('unauthenticated')
      await showPicture(input, asker.address)
      if (input.purpose !== 'change_mobile') {
        await smsForStranger(input.purpose, mobile, asker)
        return sent
      }
      const holder = await store.findAccountByMobile(db, mobile)
      const isTaken =
        holder !== undefined && holder.user_id !== asker.userId && holder.mobile_proven_ms !== null
      if (isTaken && !deps.strict) throw new AppError('mobile_taken')
      const target = {
        channel: 'sms',
        purpose: 'change_mobile',
        to: mobile,
        context: asker.userId ?? '',
      } as const
      await deliver(target, asker, { goes: !isTaken })
      return sent
    },

    async email(input: EmailInput, asker: Asker): Promise<typeof sent> {
      if (input.email.trim() === '') throw new AppError('params_missing')
      const email = parseEmail(input.email)
      if (email === undefined) throw new AppError('email_invalid')
      const key = emailKey(email)
      if (input.purpose === 'change_email' && asker.userId === undefined)
        throw new AppError('unauthenticated')
      await showPicture(input, asker.address)
      const holder = await store.findAccountByEmail(db, key)
      if (input.purpose === 'register' && (await deps.registrationIsClosed()))
        throw new AppError('registration_closed')
      const isTaken =
        holder !== undefined && holder.email_proven_ms !== null && holder.user_id !== asker.userId
      if (isTaken && !deps.strict) throw new AppError('email_taken')
      const context = input.purpose === 'change_email' ? (asker.userId ?? '') : ''
      const target: CodeTarget = { channel: 'email', purpose: input.purpose, to: key, context }
      const instead = input.purpose === 'register' ? { instead: 'already_registered' as const } : {}
      await deliver(target, asker, { goes: !isTaken, to: email, ...instead })
      return sent
    },
  }
}
