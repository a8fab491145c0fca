/** Owns registering, signing in, the picture with the code, and the first set-up. */
import type { z } from 'zod'
import { checkMobile, imageCode, login, register } from '../../contract/passport.ts'
import type { TwoStepRequired } from '../../contract/passport.ts'
import { setup } from '../../contract/site.ts'
import { call } from './client.ts'
import { acceptTokens } from './session.ts'

export const mobileIsFree = (mobile: string, signal?: AbortSignal) =>
  call(checkMobile, { body: { mobile } }, { signal })

export const signUp = async (body: z.input<NonNullable<(typeof register)['body']>>): Promise<void> =>
  acceptTokens(await call(register, { body }))

/** Gives what the second step needs, or undefined when signed in. */
export const signIn = async (
  body: z.input<NonNullable<(typeof login)['body']>>,
): Promise<TwoStepRequired | undefined> => {
  const answer = await call(login, { body })
  if ('two_step_required' in answer) return answer
  acceptTokens(answer)
  return undefined
}

export const setUp = async (body: z.input<NonNullable<(typeof setup)['body']>>): Promise<void> =>
  acceptTokens(await call(setup, { body }))

/** Address of the picture `id`; the one before it is thrown away. */
export const pictureUrl = (id: string, before: string): string =>
  `${imageCode.path}?cur_id=${id}${before ? `&pre_id=${before}` : ''}`
