/** Owns the passport's endpoints: picture, registration, signing in and out. Each stands at two addresses. */
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

export const tokens = z.object({
  user: me,
  access_token: z.string(),
  refresh_token: z
    .string()
    .optional()
    .meta({ description: 'Left out with X-Vireo-Client: web: then a cookie holds it' }),
  token_type: z.literal('Bearer'),
  expires_in: z.number().int().meta({ description: 'Seconds until the access token ends' }),
})
export type Tokens = z.infer<typeof tokens>

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

export const register = endpoint({
  method: 'POST',
  path: path('/register'),
  tag,
  summary: 'Register with a mobile number',
  access: 'none',
  body: z.strictObject({
    mobile,
    password,
    img_code_id: imgCodeId,
    img_code: imgCode,
    sms_code: z.string().max(16).optional(),
    username: z.string().max(40).optional(),
    email: z.string().max(254).optional(),
    nickname: line(30).optional(),
    invite: z.string().max(64).optional(),
  }),
  data: tokens,
  errors: [
    'params_missing',
    'mobile_invalid',
    'mobile_taken',
    'img_code_expired',
    'img_code_wrong',
    'password_weak',
    'username_invalid',
    'username_taken',
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
  summary: 'Sign in with mobile number or user name and password',
  access: 'none',
  body: z.strictObject({
    account: z.string().max(254).optional(),
    mobile: mobile.optional(),
    password: password.optional(),
    img_code_id: imgCodeId.optional(),
    img_code: imgCode.optional(),
  }),
  data: tokens,
  errors: [
    'params_missing',
    'credentials_wrong',
    'img_code_required',
    'img_code_wrong',
    'img_code_expired',
    'user_banned',
  ],
  success: { zh: '登录成功', en: 'Signed in' },
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
