/** Owns what signed-in people do to their account: proof, two-step, passkeys, devices, changes, leaving, export. */
import { useQuery } from '@tanstack/vue-query'
import * as contract from '../../contract/account.ts'
import type { Passkey, Security, Session } from '../../contract/account.ts'
import { emailCode, smsCode } from '../../contract/passport.ts'
import { getMe } from '../../contract/user.ts'
import { ApiError } from './call.ts'
import { call, queryClient } from './client.ts'
import { language, networkText } from './language.ts'
import { acceptUser, forgetSession, freshToken, user } from './session.ts'
import { createPasskey } from './webauthn.ts'

export type { Passkey, Security, Session }

/** That it is really the owner: the password, a code of the app, or both. */
export interface Proof {
  current_password?: string
  totp?: string
}
export interface Picture {
  img_code_id: string
  img_code: string
}

export const useSecurity = () =>
  useQuery({
    queryKey: ['security', () => user.value?.id],
    queryFn: ({ signal }) => call(contract.getSecurity, {}, { signal }),
  })

export const useSessions = () =>
  useQuery({
    queryKey: ['sessions', () => user.value?.id],
    queryFn: ({ signal }) => call(contract.getSessions, {}, { signal }),
    refetchInterval: 30_000,
  })

export const usePasskeys = () =>
  useQuery({
    queryKey: ['passkeys', () => user.value?.id],
    queryFn: ({ signal }) => call(contract.getPasskeys, {}, { signal }),
  })

/** After any change: what the page shows of the account is asked for again. */
const changed = async <T>(work: Promise<T>): Promise<T> => {
  const result = await work
  for (const key of ['security', 'sessions', 'passkeys'])
    void queryClient.invalidateQueries({ queryKey: [key] })
  void call(getMe, {}).then(acceptUser, () => undefined)
  return result
}

export const endSession = (id: string) => changed(call(contract.deleteSession, { params: { id } }))
export const endOtherSessions = (keepLive: boolean) =>
  changed(call(contract.deleteSessions, { query: { keep_live: keepLive } }))
export const forgetDevices = () => changed(call(contract.forgetDevices, {}))

export const startTotp = (proof: Proof) => call(contract.startTotp, { body: proof })
export const confirmTotp = (code: string) => changed(call(contract.confirmTotp, { body: { code } }))
export const endTotp = (proof: Proof) => changed(call(contract.deleteTotp, { body: proof }))
export const renewRecoveryCodes = (proof: Proof) =>
  changed(call(contract.renewRecoveryCodes, { body: proof }))

/** Asks the browser to make a passkey and keeps it; the first two-step method gives recovery codes. */
export const addPasskey = async (proof: Proof, name: string) => {
  const options = await call(contract.passkeyOptions, { body: proof })
  const credential = await createPasskey(options)
  return changed(call(contract.registerPasskey, { body: { credential, ...(name && { name }) } }))
}
export const renamePasskey = (id: string, name: string) =>
  changed(call(contract.patchPasskey, { params: { id }, body: { name } }))
export const removePasskey = (id: string, proof: Proof) =>
  changed(call(contract.deletePasskey, { params: { id }, body: proof }))

export const sendChangeMobileCode = (mobile: string, picture: Picture) =>
  call(smsCode, { body: { mobile, purpose: 'change_mobile', ...picture } })
export const sendChangeEmailCode = (email: string, picture: Picture) =>
  call(emailCode, { body: { email, purpose: 'change_email', ...picture } })

type Change<P> = P & Proof & { end_other_sessions: boolean }

export const changePassword = (body: Change<{ current_password: string; password: string }>) =>
  changed(call(contract.putPassword, { body }))
export const changeMobile = async (body: Change<{ mobile: string; sms_code: string }>): Promise<void> =>
  acceptUser(await changed(call(contract.putMobile, { body })))
export const changeEmail = async (body: Change<{ email: string; email_code: string }>): Promise<void> =>
  acceptUser(await changed(call(contract.putEmail, { body })))

/** Gives the time when it is deleted; nobody is signed in after it. */
export const leave = async (proof: Proof): Promise<string> =>
  (await call(contract.deleteMe, { body: proof })).delete_time
export { forgetSession }

/** The zip with all that is kept of me. */
export const fetchExport = async (): Promise<Blob> => {
  const token = await freshToken()
  const response = await fetch(contract.exportMe.path, {
    headers: {
      'X-Vireo-Client': 'web',
      'Accept-Language': language(),
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
    },
  }).catch((cause: unknown) => {
    throw new ApiError('network', 0, networkText(), { cause })
  })
  if (response.ok) return response.blob()
  const json = (await response.json().catch(() => ({}))) as { error?: ApiError['error']; msg?: string }
  throw new ApiError(json.error ?? 'unknown', response.status, json.msg ?? `HTTP ${response.status}`)
}
