/** Owns the endpoints by which those who are signed in look after their account: devices, two-step, changes, leaving. */
import { z } from 'zod'
import { apiPrefix, id, idParams, line, nothing, page, pageQuery, time } from './common.ts'
import { endpoint } from './endpoint.ts'
import { credential, webauthnOptions } from './passport.ts'
import { me } from './user.ts'

const tag = 'account'
const passport = (name: string) => `${apiPrefix}/passport${name}`

const password = z.string().max(1024)

/** That it is really the owner who sits there now: the password, or a code of the authenticator app if there is one. */
export const proof = {
  current_password: password.optional(),
  totp: z.string().max(16).optional(),
} as const
const proofErrors = [
  'proof_required',
  'password_wrong',
  'two_step_wrong',
  'totp_clock_off',
  'rate_limited',
] as const

export const session = z.object({
  id,
  device: z.string().meta({ example: 'Chrome · Windows' }),
  address: z.string(),
  place: z
    .enum(['this_machine', 'local_network'])
    .nullable()
    .meta({ description: 'Where that is, where it can be told' }),
  create_time: time,
  last_seen: time,
  current: z.boolean(),
})
export type Session = z.infer<typeof session>

export const getSessions = endpoint({
  method: 'GET',
  path: passport('/sessions'),
  tag,
  summary: 'The devices that are signed in, the last one used first',
  access: 'user',
  data: z.object({ items: z.array(session) }),
})

export const deleteSession = endpoint({
  method: 'DELETE',
  path: passport('/sessions/{id}'),
  tag,
  summary: 'Sign one device out; its sockets end within 5 seconds',
  access: 'user',
  params: idParams,
  data: nothing,
  errors: ['not_found'],
  success: { zh: '该设备已退出登录', en: 'That device was signed out' },
})

export const deleteSessions = endpoint({
  method: 'DELETE',
  path: passport('/sessions'),
  tag,
  summary:
    'Sign all other devices out. A running broadcast ends and its stream key with it, unless keep_live',
  access: 'user',
  query: z.object({ keep_live: z.boolean().default(false) }),
  data: z.object({ ended: z.number().int() }),
  success: { zh: '其他设备已全部退出登录', en: 'All other devices were signed out' },
})

export const security = z.object({
  mobile: z.string().nullable(),
  mobile_proven: z.boolean(),
  email: z.string().nullable(),
  email_proven: z.boolean(),
  password_changed: time.nullable(),
  totp: z.boolean(),
  recovery_codes_left: z.number().int(),
  passkeys: z.number().int(),
  remembered_devices: z.number().int(),
  two_step_required: z.boolean().meta({ description: 'The role asks for two-step and it is not on yet' }),
})
export type Security = z.infer<typeof security>

export const getSecurity = endpoint({
  method: 'GET',
  path: `${apiPrefix}/me/security`,
  tag,
  summary: 'How my account is protected',
  access: 'user',
  data: security,
})

export const startTotp = endpoint({
  method: 'POST',
  path: passport('/totp'),
  tag,
  summary: 'A new secret for an authenticator app; it counts once /totp/confirm has seen a code',
  access: 'user',
  body: z.strictObject({ password: password.optional(), ...proof }),
  data: z.object({ secret: z.string(), uri: z.string().meta({ description: 'For the QR code' }) }),
  errors: [...proofErrors, 'two_step_on'],
})

export const confirmTotp = endpoint({
  method: 'POST',
  path: passport('/totp/confirm'),
  tag,
  summary: 'Switch the authenticator app on',
  access: 'user',
  body: z.strictObject({ code: z.string().max(16) }),
  data: z.object({ recovery_codes: z.array(z.string()) }),
  errors: ['two_step_wrong', 'totp_clock_off', 'two_step_off', 'two_step_on', 'rate_limited'],
  success: { zh: '两步验证已开启', en: 'Two-step verification is on' },
})

export const deleteTotp = endpoint({
  method: 'DELETE',
  path: passport('/totp'),
  tag,
  summary: 'Switch the authenticator app off',
  access: 'user',
  body: z.strictObject(proof),
  data: nothing,
  errors: [...proofErrors, 'two_step_off'],
  success: { zh: '验证器已关闭', en: 'The authenticator app was switched off' },
})

export const renewRecoveryCodes = endpoint({
  method: 'POST',
  path: passport('/recovery_codes'),
  tag,
  summary: 'New recovery codes; the ones before them end',
  access: 'user',
  body: z.strictObject(proof),
  data: z.object({ recovery_codes: z.array(z.string()) }),
  errors: [...proofErrors, 'two_step_off'],
})

export const forgetDevices = endpoint({
  method: 'DELETE',
  path: passport('/remembered_devices'),
  tag,
  summary: 'Ask every device for the second step again',
  access: 'user',
  data: nothing,
})

export const passkey = z.object({
  id,
  name: z.string(),
  create_time: time,
  last_used: time.nullable(),
  synced: z.boolean().meta({ description: 'Kept by a password store and so on several devices' }),
})
export type Passkey = z.infer<typeof passkey>

export const getPasskeys = endpoint({
  method: 'GET',
  path: passport('/passkeys'),
  tag,
  summary: 'My passkeys',
  access: 'user',
  data: z.object({ items: z.array(passkey) }),
})

export const passkeyOptions = endpoint({
  method: 'POST',
  path: passport('/passkeys/options'),
  tag,
  summary: 'What the browser needs to make a passkey',
  access: 'user',
  body: z.strictObject(proof),
  data: webauthnOptions,
  errors: [...proofErrors, 'conflict'],
})

export const registerPasskey = endpoint({
  method: 'POST',
  path: passport('/passkeys/register'),
  tag,
  summary: 'Keep the passkey that the browser made. The first two-step method also gives recovery codes',
  access: 'user',
  body: z.strictObject({ name: line(60).optional(), credential }),
  data: z.object({ passkey, recovery_codes: z.array(z.string()).optional() }),
  errors: ['passkey_invalid', 'conflict'],
  success: { zh: '通行密钥已添加', en: 'The passkey was added' },
})

export const patchPasskey = endpoint({
  method: 'PATCH',
  path: passport('/passkeys/{id}'),
  tag,
  summary: 'Rename a passkey',
  access: 'user',
  params: idParams,
  body: z.strictObject({ name: line(60).pipe(z.string().min(1)) }),
  data: nothing,
  errors: ['not_found'],
  success: { zh: '已保存', en: 'Saved' },
})

export const deletePasskey = endpoint({
  method: 'DELETE',
  path: passport('/passkeys/{id}'),
  tag,
  summary: 'Remove a passkey',
  access: 'user',
  params: idParams,
  body: z.strictObject(proof),
  data: nothing,
  errors: ['not_found', ...proofErrors],
  success: { zh: '通行密钥已移除', en: 'The passkey was removed' },
})

const others = z
  .boolean()
  .optional()
  .meta({ description: 'Sign all other devices out as well; true if left out' })

export const putPassword = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/me/password`,
  tag,
  summary: 'Change my password; with two-step on, a code as well',
  access: 'user',
  body: z.strictObject({
    current_password: password,
    totp: proof.totp,
    password,
    end_other_sessions: others,
  }),
  data: nothing,
  errors: [...proofErrors, 'password_weak'],
  success: { zh: '密码已修改', en: 'The password was changed' },
})

export const putMobile = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/me/mobile`,
  tag,
  summary:
    'Change my mobile number: a code sent to the new one (purpose change_mobile), and proof; the old one is told',
  access: 'user',
  body: z.strictObject({
    mobile: z.string().max(40),
    sms_code: z.string().max(32),
    ...proof,
    end_other_sessions: others,
  }),
  data: me,
  errors: ['mobile_invalid', 'mobile_taken', 'sms_code_wrong', ...proofErrors],
  success: { zh: '手机号已更换', en: 'The mobile number was changed' },
})

export const putEmail = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/me/email`,
  tag,
  summary:
    'Change my e-mail address: a code sent to the new one (purpose change_email), and proof; the old one is told',
  access: 'user',
  body: z.strictObject({
    email: z.string().max(254),
    email_code: z.string().max(32),
    ...proof,
    end_other_sessions: others,
  }),
  data: me,
  errors: ['email_invalid', 'email_taken', 'email_code_wrong', ...proofErrors],
  success: { zh: '邮箱已更换', en: 'The e-mail address was changed' },
})

export const deleteMe = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/me`,
  tag,
  summary: 'Delete my account in 7 days; signing in until then stops it',
  access: 'user',
  body: z.strictObject(proof),
  data: z.object({ delete_time: time }),
  errors: [...proofErrors],
  success: {
    zh: '账号将在 7 天后删除，期间登录即可取消',
    en: 'The account will be deleted in 7 days; signing in until then stops that',
  },
})

/** A file, so no envelope: `application/zip`. */
export const exportMe = {
  path: `${apiPrefix}/me/export`,
  tag,
  summary: 'All that is kept of me, as a zip of JSON files',
} as const

export const invite = z.object({
  id,
  note: z.string(),
  uses_left: z.number().int(),
  create_time: time,
  expires: time,
})
export type Invite = z.infer<typeof invite>

export const getInvites = endpoint({
  method: 'GET',
  path: `${apiPrefix}/admin/invites`,
  tag,
  summary: 'Invitations, the newest first',
  access: 'admin',
  query: pageQuery,
  data: page(invite),
})

export const postInvite = endpoint({
  method: 'POST',
  path: `${apiPrefix}/admin/invites`,
  tag,
  summary: 'A new invitation; its code is shown once',
  access: 'admin',
  body: z.strictObject({
    note: line(100).optional(),
    uses: z.number().int().min(1).max(1000).optional(),
    days: z.number().int().min(1).max(365).optional(),
  }),
  data: z.object({ invite, code: z.string() }),
})

export const deleteInvite = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/admin/invites/{id}`,
  tag,
  summary: 'Take an invitation back',
  access: 'admin',
  params: idParams,
  data: nothing,
  errors: ['not_found'],
})

declare module './events.ts' {
  interface Events {
    /** For good: what others keep of this user goes or is shown as of a deleted user. */
    'user.deleted': { user_id: string }
  }
}
