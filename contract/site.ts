/** Owns what the site says of itself, its first set-up and the socket ticket. */
import { z } from 'zod'
import { apiPrefix, empty, line } from './common.ts'
import { endpoint } from './endpoint.ts'
import { tokens } from './passport.ts'
import { siteSettings } from './settings.ts'

const tag = 'site'

export const site = z.object({
  name: z.string(),
  version: z.string(),
  registration: z.enum(['open', 'invite', 'closed']),
  /** Words of those who run the site to everybody; empty: none. */
  announcement: z.string(),
  /** ICP record number (备案号), shown at the foot of every page; empty: none. */
  icp_number: z.string(),
  registration_proof: z.enum(['captcha', 'code']),
  registration_identity: z.enum(['mobile', 'email', 'either']),
  /** Whose mobile numbers may register: ISO 3166 codes, the first one is assumed where a number names none. */
  phone_countries: z.array(z.string()),
  /** What the first set-up may decide: not what the environment has decided. */
  setup_asks: z.array(z.enum(['registration', 'registration_identity'])),
  needs_setup: z.boolean().meta({ description: 'No administrator exists yet' }),
  rtmp: z.object({ port: z.number().int(), path: z.literal('/live') }),
  /** Publishing over TLS, where this site has a certificate of its own. */
  rtmps: z.object({ port: z.number().int(), path: z.literal('/live') }).nullable(),
  /** What this machine can not do now; each is said in a banner. */
  missing: z.array(z.enum(['ffmpeg', 'disk_space', 'ingest'])),
  upload: z.object({ max_bytes: z.number(), chunk_bytes: z.number() }),
})
export type Site = z.infer<typeof site>

export const getSite = endpoint({
  method: 'GET',
  path: `${apiPrefix}/site`,
  tag,
  summary: 'What this site is and can do',
  access: 'none',
  data: site,
})

export const setup = endpoint({
  method: 'POST',
  path: `${apiPrefix}/setup`,
  tag,
  summary: 'Make the first administrator with the one-time link that the start printed',
  access: 'none',
  body: z.strictObject({
    token: z.string().max(128),
    mobile: z.string().max(40),
    password: z.string().max(1024),
    nickname: line(30).optional(),
    registration: siteSettings.shape.registration.optional(),
    registration_identity: siteSettings.shape.registration_identity.optional(),
  }),
  data: tokens,
  errors: ['setup_token_invalid', 'mobile_invalid', 'mobile_taken', 'password_weak', 'setting_fixed'],
  success: { zh: '管理员已创建', en: 'The administrator was created' },
})

export const socketTicket = endpoint({
  method: 'POST',
  path: `${apiPrefix}/socket_ticket`,
  tag,
  summary: 'A ticket for one WebSocket: one use, 30 seconds',
  access: 'user',
  body: empty.optional(),
  data: z.object({ ticket: z.string() }),
})
