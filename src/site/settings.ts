/**
 * Owns what an administrator sets while the site runs. What the environment says beats it; every process knows a
 * change within two seconds.
 */
import type { z } from 'zod'
import { fixableBy, siteSettings } from '../../contract/settings.ts'
import type { SettingKey, SiteSettings } from '../../contract/settings.ts'
import type { Config } from '../config/load.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Transaction } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { holdsOneOf } from './forbidden-words.ts'
import * as store from './store.ts'

const freshMs = 1_500

interface Deps {
  db: Db
  clock: Clock
  config: Pick<
    Config,
    'siteName' | 'registration' | 'registrationIdentity' | 'userQuotaBytes' | 'uploadMaxBytes' | 'given'
  >
}

export type Settings = ReturnType<typeof createSettings>

export const createSettings = ({ db, clock, config }: Deps) => {
  const defaults: SiteSettings = {
    site_name: config.siteName,
    registration: config.registration,
    registration_identity: config.registrationIdentity,
    announcement: '',
    keywords: [],
    user_quota_bytes: config.userQuotaBytes,
    upload_max_bytes: config.uploadMaxBytes,
    replay_default: 'private',
    icp_number: '',
  }
  const keys = Object.keys(defaults) as SettingKey[]
  const fixed = keys.flatMap((key) => {
    const setting = fixableBy[key]
    return setting !== undefined && config.given.has(setting) ? [{ key, setting }] : []
  })
  const isFixed = (key: string): boolean => fixed.some((one) => one.key === key)

  const load = async (): Promise<SiteSettings> => {
    const values: Record<string, unknown> = { ...defaults }
    for (const { name, value } of await store.findSettings(db)) {
      if (!(name in defaults) || isFixed(name)) continue
      // What another version wrote and this one does not take counts as not set.
      const schema = siteSettings.shape[name as SettingKey] as z.ZodType
      const read = schema.safeParse(JSON.parse(value))
      if (read.success) values[name] = read.data
    }
    return values as unknown as SiteSettings
  }

  let known: { atMs: number; values: Promise<SiteSettings> } | undefined
  const read = (): Promise<SiteSettings> => {
    if (known !== undefined && clock.now() - known.atMs < freshMs) return known.values
    const mine = { atMs: clock.now(), values: load() }
    known = mine
    mine.values.catch(() => {
      if (known === mine) known = undefined
    })
    return mine.values
  }

  return {
    read,
    defaults,
    fixed,

    /** Null puts a value back to its default. Throws `setting_fixed`. */
    async change(
      trx: Transaction,
      change: { readonly [K in SettingKey]?: SiteSettings[K] | null | undefined },
    ): Promise<void> {
      for (const [key, value] of Object.entries(change)) {
        if (value === undefined) continue
        const setting = fixed.find((one) => one.key === key)?.setting
        if (setting !== undefined) throw new AppError('setting_fixed', { params: { setting } })
        if (value === null) await store.deleteSetting(trx, key)
        else await store.putSetting(trx, key, JSON.stringify(value), clock.now())
      }
      trx.afterCommit(async () => {
        known = undefined
      })
    },

    /** Does the text hold a word of the list? Width, case and spaces between letters do not hide one. */
    async isForbidden(text: string): Promise<boolean> {
      const { keywords } = await read()
      return keywords.length > 0 && holdsOneOf(text, keywords)
    },
  }
}
