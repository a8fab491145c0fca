/**
 * Owns codes that prove a number or an address: made, limited, compared, used up. What is stored is an HMAC bound to
 * purpose, target and context; attempts are counted per target, so that a new code gives no new guesses.
 */
import { randomInt } from 'node:crypto'
import type { ErrorCode } from '../../contract/errors.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Language } from '../platform/http/language.ts'
import type { Kv } from '../platform/kv/kv.ts'
import { networksOf } from '../platform/limit/network.ts'
import type { Attempts } from './attempts.ts'
import { isSameText } from './mac.ts'
import type { Mac } from './mac.ts'
import type { Channel, CodePurpose, Messages } from './messages.ts'

export const codeLifeMs = 5 * 60_000
export const resendMs = 60_000

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const tries = { name: 'code.tries', limit: 5, windowMs: hour }
const perTarget = [
  { name: 'code.resend', limit: 1, windowMs: resendMs },
  { name: 'code.10min', limit: 3, windowMs: 10 * minute },
  { name: 'code.hour', limit: 5, windowMs: hour },
  { name: 'code.day', limit: 10, windowMs: day },
]
const perAddress = { name: 'code.address', limit: 10, windowMs: hour }

export interface CodeTarget {
  channel: Channel
  purpose: CodePurpose
  /** E.164 or the key of an address. */
  to: string
  /** Whom it is for beside the target: the user or the sign-in it belongs to; empty where nobody is signed in. */
  context: string
}

export type Codes = ReturnType<typeof createCodes>

interface Deps {
  kv: Kv
  attempts: Attempts
  messages: Messages
  mac: Mac
  /** False in tests whose subject is something else; tries are always counted. */
  limitsSending: boolean
  dailyBudget: number
}

export const createCodes = ({ kv, attempts, messages, mac, limitsSending, dailyBudget }: Deps) => {
  const budget = { name: 'sms.budget', limit: dailyBudget, windowMs: day }
  const keyOf = (target: CodeTarget): string =>
    `code:${mac('code', target.channel, target.purpose, target.to, target.context)}`
  const fingerprint = (target: CodeTarget, code: string): string =>
    mac('code-value', target.channel, target.purpose, target.to, target.context, code)

  /** Takes a slot of every limit or of none that counts later; throws `rate_limited`. */
  const reserve = async (
    target: Pick<CodeTarget, 'channel' | 'to'>,
    address: string,
  ): Promise<() => Promise<void>> => {
    if (!limitsSending) return async () => undefined
    const rules = [
      ...perTarget.map((rule) => [rule, `${target.channel}:${target.to}`] as const),
      [perAddress, networksOf(address).own] as const,
      ...(target.channel === 'sms' ? [[budget, ''] as const] : []),
    ]
    const taken: (typeof rules)[number][] = []
    const giveBack = async (): Promise<void> => {
      for (const [rule, subject] of taken) await attempts.giveBack(rule, subject)
    }
    for (const [rule, subject] of rules) {
      try {
        await attempts.demand(rule, subject)
        taken.push([rule, subject])
      } catch (error) {
        await giveBack()
        throw error
      }
    }
    return giveBack
  }

  return {
    reserve,

    /** Sends a new code, which replaces the one before. A provider that fails costs nothing: the old code stays valid. */
    async send(
      target: CodeTarget,
      giveBack: () => Promise<void>,
      language: Language,
      deliverTo = target.to,
    ): Promise<void> {
      const code = String(randomInt(0, 1_000_000)).padStart(6, '0')
      try {
        await messages.code(target.channel, deliverTo, target.purpose, code, language)
      } catch (error) {
        await giveBack()
        throw error
      }
      await kv.set(keyOf(target), fingerprint(target, code), codeLifeMs)
    },

    /** Uses the code up; throws `sms_code_wrong` or `email_code_wrong`, or `otherwise` if given. */
    async redeem(target: CodeTarget, code: string, otherwise?: ErrorCode): Promise<void> {
      const wrong = (): AppError =>
        new AppError(otherwise ?? (target.channel === 'sms' ? 'sms_code_wrong' : 'email_code_wrong'))
      const subject = `${target.channel}:${target.purpose}:${target.to}`
      await attempts.demand(tries, subject)
      const stored = await kv.get(keyOf(target))
      if (stored === undefined || !isSameText(stored, fingerprint(target, code.trim()))) throw wrong()
      // Of any number that know it exactly one takes it away.
      if (!(await kv.compareAndDelete(keyOf(target), stored))) throw wrong()
      await attempts.giveBack(tries, subject)
    },
  }
}
