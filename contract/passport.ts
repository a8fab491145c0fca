/** Owns the passport's endpoints for those who are not signed in yet: picture, codes, registering, signing in, reset. */
import { z } from 'zod'
import { line, nothing } from './common.ts'
import { endpoint } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { me } from './user.ts'

export const passportPrefixes = ['/passport', '/api/v1/passport'] as const

const tag = 'passport'
const path = (name: string) => `/api/v1/passport${name}`

const mobile = z.string().max(40).meta({ example: '13800138000' })
const password = z.string().max(1024)
const imgCodeId = z.uuid().meta({ description: 'The cur_id with which the picture was fetched' })
const imgCode = z.string().max(16)
const code = z.string().max(32)
const twoStepToken = z.string().max(128)
const email = z.string().max(254).meta({ example: 'somebody@example.com' })
const deviceToken = z.string().max(128).optional().meta({
  description: 'What an earlier sign-in on this device gave; with X-Vireo-Client: web a cookie holds it',
})

/** What a browser's `PublicKeyCredential.toJSON()` gives; read by the passkey library, which refuses what is odd. */
export const credential = z.record(z.string(), z.unknown())
/** What `PublicKeyCredential.parse…OptionsFromJSON()` takes. */
export const webauthnOptions = z.record(z.string(), z.unknown())

export const tokens = z.object({
  user: me,
  access_token: z.string(),
  refresh_token: z
    .string()
    .optional()
    .meta({ description: 'Left out with X-Vireo-Client: web: then a cookie holds it' }),
  token_type: z.literal('Bearer'),
  expires_in: z.number().int().meta({ description: 'Seconds until the access token ends' }),
  device_token: z
    .string()
    .optional()
    .meta({ description: 'Send it with the next sign-in: this device is then known to the account' }),
  /** True if the account was waiting to be deleted: this sign-in has stopped that. */
  deletion_cancelled: z.boolean().optional(),
})
export type Tokens = z.infer<typeof tokens>

export const twoStepMethod = z.enum(['totp', 'recovery_code', 'sms', 'passkey'])
export type TwoStepMethod = z.infer<typeof twoStepMethod>

/** The password was right; the second step is missing. */
export const twoStepRequired = z.object({
  two_step_required: z.literal(true),
  two_step_token: z.string().meta({ description: 'Valid 10 minutes' }),
  methods: z.array(twoStepMethod),
  mobile: z.string().nullable().meta({ description: 'Masked: where the SMS would go' }),
})
export type TwoStepRequired = z.infer<typeof twoStepRequired>

export const imageCode = {
  path: path('/image_code'),
  tag,
  summary: 'A picture with a code; valid 5 minutes, for one attempt',
  query: z.object({ cur_id: z.uuid(), pre_id: z.union([z.uuid(), z.literal('')]).optional() }),
} as const

export const checkMobile = endpoint({
  method: 'POST',
  path: path('/check_mobile'),
  tag,
  summary: 'Is this mobile number free?',
  access: 'none',
  body: z.strictObject({ mobile }),
  data: z.object({ mobile: z.string() }),
  errors: ['mobile_invalid', 'mobile_taken'],
  success: { zh: '{mobile}, 此手机号可以使用', en: '{mobile} can be used' },
})

const sent = z.object({
  resend_after: z.number().int().meta({ description: 'Seconds until another may be asked for' }),
  expires_in: z.number().int().meta({ description: 'Seconds that the code is valid' }),
})

export const smsCode = endpoint({
  method: 'POST',
  path: path('/sms_code'),
  tag,
  summary: 'Send a code by SMS, for one purpose',
  access: 'optional',
  body: z.strictObject({
    mobile: mobile.optional().meta({ description: 'Left out for two_step' }),
    purpose: z.enum(['register', 'login', 'reset_password', 'change_mobile', 'two_step']),
    img_code_id: imgCodeId.optional(),
    img_code: imgCode.optional(),
    two_step_token: twoStepToken.optional(),
  }),
  data: sent,
  errors: [
    'params_missing',
    'mobile_invalid',
    'mobile_taken',
    'img_code_expired',
    'img_code_wrong',
    'two_step_expired',
    'unauthenticated',
    'rate_limited',
    'sms_unavailable',
  ],
  success: { zh: '验证码已发送', en: 'The code is on its way' },
})

export const emailCode = endpoint({
  method: 'POST',
  path: path('/email_code'),
  tag,
  summary: 'Send a code by e-mail, for one purpose',
  access: 'optional',
  body: z.strictObject({
    email,
    purpose: z.enum(['register', 'change_email']),
    img_code_id: imgCodeId.optional(),
    img_code: imgCode.optional(),
  }),
  data: sent,
  errors: [
    'params_missing',
    'email_invalid',
    'email_taken',
    'img_code_expired',
    'img_code_wrong',
    'unauthenticated',
    'rate_limited',
    'mail_unavailable',
  ],
  success: { zh: '验证码已发送', en: 'The code is on its way' },
})

export const register = endpoint({
  method: 'POST',
  path: path('/register'),
  tag,
  summary: 'Register with a mobile number or an e-mail address, as the site allows',
  access: 'none',
  body: z.strictObject({
    mobile: mobile.optional(),
    email: email.optional(),
    password: password.optional(),
    img_code_id: z
      .union([z.uuid(), z.literal('')])
      .optional()
      .meta({ description: 'Where the site asks for a picture' }),
    img_code: imgCode.optional(),
    sms_code: code.optional().meta({ description: 'Where the site asks for proof by code' }),
    email_code: code.optional().meta({ description: 'Likewise, for registering by e-mail' }),
    username: z.string().max(40).optional(),
    nickname: line(30).optional(),
    invite: z.string().max(64).optional(),
    device_token: deviceToken,
  }),
  data: tokens,
  errors: [
    'params_missing',
    'mobile_invalid',
    'mobile_taken',
    'email_invalid',
    'email_taken',
    'img_code_expired',
    'img_code_wrong',
    'sms_code_wrong',
    'email_code_wrong',
    'password_weak',
    'username_invalid',
    'username_taken',
    'invite_invalid',
    'registration_closed',
  ],
  success: { zh: '注册成功', en: 'Registered' },
  messages: {
    params_missing: { zh: '注册所需参数不能为空', en: 'A value needed for registering is missing' },
  },
})

export const login = endpoint({
  method: 'POST',
  path: path('/login'),
  tag,
  summary:
    'Sign in by mobile number, user name or e-mail with the password, or by mobile number with an SMS code',
  access: 'none',
  body: z.strictObject({
    account: z.string().max(254).optional(),
    mobile: mobile.optional(),
    password: password.optional(),
    sms_code: code.optional(),
    img_code_id: imgCodeId.optional(),
    img_code: imgCode.optional(),
    device_token: deviceToken,
  }),
  data: z.union([tokens, twoStepRequired]),
  errors: [
    'params_missing',
    'credentials_wrong',
    'sms_code_wrong',
    'img_code_required',
    'img_code_wrong',
    'img_code_expired',
    'user_banned',
    'rate_limited',
  ],
  success: { zh: '登录成功', en: 'Signed in' },
})

export const twoStep = endpoint({
  method: 'POST',
  path: path('/two_step'),
  tag,
  summary: 'The second step of signing in',
  access: 'none',
  body: z.strictObject({
    two_step_token: twoStepToken,
    method: twoStepMethod,
    code: code.optional().meta({ description: 'For all methods but passkey' }),
    credential: credential
      .optional()
      .meta({ description: 'For passkey: the answer to two_step/passkey_options' }),
    remember_device: z
      .boolean()
      .optional()
      .meta({ description: 'Ask this device for no second step for 30 days' }),
    device_token: deviceToken,
  }),
  data: tokens,
  errors: [
    'params_missing',
    'two_step_expired',
    'two_step_wrong',
    'totp_clock_off',
    'passkey_invalid',
    'rate_limited',
  ],
  success: { zh: '登录成功', en: 'Signed in' },
})

export const twoStepPasskeyOptions = endpoint({
  method: 'POST',
  path: path('/two_step/passkey_options'),
  tag,
  summary: 'What the browser needs to answer the second step by passkey',
  access: 'none',
  body: z.strictObject({ two_step_token: twoStepToken }),
  data: webauthnOptions,
  errors: ['two_step_expired', 'two_step_off'],
})

export const passkeySignInOptions = endpoint({
  method: 'POST',
  path: path('/passkeys/sign_in/options'),
  tag,
  summary: 'What the browser needs to sign in by passkey alone',
  access: 'none',
  body: z.strictObject({}).optional(),
  data: z.object({ id: z.string(), options: webauthnOptions }),
})

export const passkeySignIn = endpoint({
  method: 'POST',
  path: path('/passkeys/sign_in'),
  tag,
  summary: 'Sign in by passkey alone',
  access: 'none',
  body: z.strictObject({ id: z.string().max(64), credential, device_token: deviceToken }),
  data: tokens,
  errors: ['passkey_invalid', 'user_banned'],
  success: { zh: '登录成功', en: 'Signed in' },
})

export const resetRequest = endpoint({
  method: 'POST',
  path: path('/reset_password/request'),
  tag,
  summary: 'Ask for a code (SMS) or a link (e-mail) to set a new password; the same answer for everybody',
  access: 'none',
  body: z.strictObject({ account: z.string().max(254), img_code_id: imgCodeId, img_code: imgCode }),
  data: nothing,
  errors: ['params_missing', 'img_code_expired', 'img_code_wrong', 'rate_limited'],
  success: {
    zh: '如果该账号存在且已验证，重置方式已发送',
    en: 'If there is such an account and it was proven, a message is on its way',
  },
})

export const resetConfirm = endpoint({
  method: 'POST',
  path: path('/reset_password/confirm'),
  tag,
  summary: 'Set a new password by the link of the mail (token) or the code of the SMS (account + sms_code)',
  access: 'none',
  body: z.strictObject({
    token: z.string().max(128).optional(),
    account: z.string().max(254).optional(),
    sms_code: code.optional(),
    password,
  }),
  data: nothing,
  errors: ['params_missing', 'reset_code_invalid', 'password_weak', 'rate_limited'],
  success: { zh: '密码已重置，请用新密码登录', en: 'The password was set; sign in with it' },
})

export const refresh = endpoint({
  method: 'POST',
  path: path('/refresh'),
  tag,
  summary: 'A new pair of tokens for a refresh token (or its cookie)',
  access: 'none',
  body: z.strictObject({ refresh_token: z.string().max(512).optional() }),
  data: tokens,
  errors: ['unauthenticated'],
})

export const logout = endpoint({
  method: 'POST',
  path: path('/logout'),
  tag,
  summary: 'Sign this device out',
  access: 'optional',
  body: z.strictObject({ refresh_token: z.string().max(512).optional() }),
  data: nothing,
  success: { zh: '已退出登录', en: 'Signed out' },
})

/** The same endpoint at the bare address of the original specification. */
export const atBarePath = <E extends Endpoint>(spec: E): E => ({
  ...spec,
  path: spec.path.replace('/api/v1/passport', '/passport'),
})

declare module './events.ts' {
  interface Events {
    'user.registered': { user_id: string }
  }
}
