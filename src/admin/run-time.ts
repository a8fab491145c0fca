/** Owns the settings page and the figures of the dashboard. */
import { statfs } from 'node:fs/promises'
import type { z } from 'zod'
import type { SettingsAnswer, getStats, patchSettings } from '../../contract/admin.ts'
import type { Audit } from '../audit/index.ts'
import type { Config } from '../config/load.ts'
import type { Live } from '../live/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { idsFrom } from '../platform/ids/ids.ts'
import type { Jobs } from '../platform/jobs/jobs.ts'
import type { Settings } from '../site/index.ts'
import type { Directory } from '../user/index.ts'
import type { VideoService } from '../video/index.ts'
import type { By } from './people.ts'

export interface RunTimeDeps {
  config: Pick<Config, 'dataDir'>
  db: Db
  clock: Clock
  audit: Audit
  settings: Settings
  directory: Directory
  videos: VideoService
  live: Live
  jobs: Jobs
}

type Stats = z.output<typeof getStats.data>
type Change = z.output<NonNullable<typeof patchSettings.body>>

const freshMs = 2_000
const manyJobs = 1_000

export const createRunTime = (deps: RunTimeDeps) => {
  const { config, db, clock, audit, settings, directory, videos, live, jobs } = deps

  const answer = async (): Promise<SettingsAnswer> => ({
    values: await settings.read(),
    defaults: settings.defaults,
    fixed: [...settings.fixed],
  })

  const read = async (): Promise<Stats> => {
    const since = idsFrom(new Date(clock.now()).setHours(0, 0, 0, 0))
    const [users, made, onAir, waiting, running, failed, disk] = await Promise.all([
      directory.madeSince(since),
      videos.moderation.madeSince(since),
      live.moderation.figures(since),
      jobs.count('queued', manyJobs),
      jobs.count('running', manyJobs),
      jobs.count('failed', manyJobs),
      statfs(config.dataDir),
    ])
    return {
      today: { users, videos: made, live_minutes: onAir.minutes },
      now: { live_rooms: onAir.rooms, viewers: onAir.viewers },
      jobs: { waiting, running, failed },
      disk: { free_bytes: disk.bavail * disk.bsize, total_bytes: disk.blocks * disk.bsize },
    }
  }
  let known: { atMs: number; stats: Promise<Stats> } | undefined

  return {
    settings: answer,

    async changeSettings(change: Change, by: By): Promise<SettingsAnswer> {
      await db.transaction(async (trx) => {
        await settings.change(trx, change)
        await audit.record(trx, {
          actorId: by.userId,
          action: 'settings.changed',
          subject: { kind: 'site', id: null },
          address: by.address,
          details: { keys: Object.keys(change).join(' ') },
        })
      })
      return answer()
    },

    /** The same for everybody who asks within two seconds. */
    stats(): Promise<Stats> {
      if (known === undefined || clock.now() - known.atMs > freshMs) {
        known = { atMs: clock.now(), stats: read() }
        known.stats.catch(() => (known = undefined))
      }
      return known.stats
    },
  }
}
