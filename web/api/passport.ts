/** Owns registering, signing in with its second step, the picture with the code, resetting, and the first set-up. */
import type { z } from 'zod'
import * as contract from '../../contract/passport.ts'
import type { Tokens, TwoStepMethod, TwoStepRequired } from '../../contract/passport.ts'
import { setup } from '../../contract/site.ts'
import type { Picture } from './account.ts'
import { call } from './client.ts'
import { acceptTokens } from './session.ts'
import { provePasskey } from './webauthn.ts'

export type { Tokens, TwoStepMethod, TwoStepRequired }

export const mobileIsFree = (mobile: string, signal?: AbortSignal) =>
  call(contract.checkMobile, { body: { mobile } }, { signal })

export const signUp = async (body: z.input<NonNullable<(typeof contract.register)['body']>>): Promise<void> =>
  acceptTokens(await call(contract.register, { body }))

/** Gives what the second step needs, or the tokens; `enter` them. */
export const signIn = (
  body: z.input<NonNullable<(typeof contract.login)['body']>>,
): Promise<TwoStepRequired | Tokens> => call(contract.login, { body })

export const enter = acceptTokens

export const sendSignInCode = (mobile: string, picture: Picture) =>
  call(contract.smsCode, { body: { mobile, purpose: 'login', ...picture } })
export const sendSignUpSms = (mobile: string, picture: Picture) =>
  call(contract.smsCode, { body: { mobile, purpose: 'register', ...picture } })
export const sendSignUpMail = (email: string, picture: Picture) =>
  call(contract.emailCode, { body: { email, purpose: 'register', ...picture } })
export const sendTwoStepCode = (token: string) =>
  call(contract.smsCode, { body: { purpose: 'two_step', two_step_token: token } })

export const passTwoStep = (
  token: string,
  answer: { method: Exclude<TwoStepMethod, 'passkey'>; code: string },
  remember: boolean,
): Promise<Tokens> =>
  call(contract.twoStep, { body: { two_step_token: token, ...answer, remember_device: remember } })

export const passTwoStepByPasskey = async (token: string, remember: boolean): Promise<Tokens> => {
  const options = await call(contract.twoStepPasskeyOptions, { body: { two_step_token: token } })
  const credential = await provePasskey(options)
  return call(contract.twoStep, {
    body: { two_step_token: token, method: 'passkey', credential, remember_device: remember },
  })
}

export const signInByPasskey = async (): Promise<Tokens> => {
  const { id, options } = await call(contract.passkeySignInOptions, { body: {} })
  const credential = await provePasskey(options)
  return call(contract.passkeySignIn, { body: { id, credential } })
}

export const askForReset = (account: string, picture: Picture) =>
  call(contract.resetRequest, { body: { account, ...picture } })
export const confirmReset = (body: z.input<NonNullable<(typeof contract.resetConfirm)['body']>>) =>
  call(contract.resetConfirm, { body })

export const setUp = async (body: z.input<NonNullable<(typeof setup)['body']>>): Promise<void> =>
  acceptTokens(await call(setup, { body }))

/** Address of the picture `id`; the one before it is thrown away. */
export const pictureUrl = (id: string, before: string): string =>
  `${contract.imageCode.path}?cur_id=${id}${before ? `&pre_id=${before}` : ''}`
