/** Owns the settings that may change while the site runs, and which names of the environment beat them. */
import { z } from 'zod'
import { line, prose } from './common.ts'

const bytes = z.number().int().min(1_000_000).max(1e15)

export const siteSettings = z.strictObject({
  site_name: line(40).pipe(z.string().min(1)),
  registration: z.enum(['open', 'invite', 'closed']),
  /** With what one registers. */
  registration_identity: z.enum(['mobile', 'email', 'either']),
  /** Shown above every page; empty: none. */
  announcement: prose(500),
  /** Words that no danmaku may hold. */
  keywords: z.array(line(30).pipe(z.string().min(1))).max(500),
  user_quota_bytes: bytes,
  upload_max_bytes: bytes,
  /** What happens to the recording in rooms whose owner has not chosen. */
  replay_default: z.enum(['public', 'private', 'none']),
  /** ICP record number (备案号). */
  icp_number: line(40),
})
export type SiteSettings = z.output<typeof siteSettings>
export type SettingKey = keyof SiteSettings

export const fixableBy: Partial<Record<SettingKey, string>> = {
  site_name: 'VIREO_SITE_NAME',
  registration: 'VIREO_REGISTRATION',
  registration_identity: 'VIREO_REGISTRATION_IDENTITY',
  user_quota_bytes: 'VIREO_USER_QUOTA',
  upload_max_bytes: 'VIREO_UPLOAD_MAX',
}
