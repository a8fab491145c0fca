/** Owns registering, signing in, the picture with the code, and the first set-up. */
import type { z } from 'zod'
import { checkMobile, imageCode, login, register } from '../../contract/passport.ts'
import { setup } from '../../contract/site.ts'
import { call } from './client.ts'
import { acceptTokens } from './session.ts'

export const mobileIsFree = (mobile: string, signal?: AbortSignal) =>
  call(checkMobile, { body: { mobile } }, { signal })

export const signUp = async (body: z.input<NonNullable<(typeof register)['body']>>): Promise<void> =>
  acceptTokens(await call(register, { body }))

export const signIn = async (body: z.input<NonNullable<(typeof login)['body']>>): Promise<void> =>
  acceptTokens(await call(login, { body }))

export const setUp = async (body: z.input<NonNullable<(typeof setup)['body']>>): Promise<void> =>
  acceptTokens(await call(setup, { body }))

/** Address of the picture `id`; the one before it is thrown away. */
export const pictureUrl = (id: string, before: string): string =>
  `${imageCode.path}?cur_id=${id}${before ? `&pre_id=${before}` : ''}`
