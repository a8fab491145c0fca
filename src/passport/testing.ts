/** Owns a whole passport for the tests of other features: open registration, codes into an outbox, no limits. */
import { join } from 'node:path'
import { createAudit } from '../audit/index.ts'
import type { Config } from '../config/load.ts'
import { loadConfig } from '../config/load.ts'
import type { Secrets } from '../config/secrets.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import type { Events } from '../platform/events/events.ts'
import type { Jobs } from '../platform/jobs/jobs.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { Log } from '../platform/log/log.ts'
import { createOutbox } from '../platform/mail/outbox.ts'
import type { UserService } from '../user/index.ts'
import { createPassport } from './index.ts'
import type { PassportService } from './index.ts'

interface Deps {
  config?: Config
  directory: string
  secrets: Secrets
  db: Db
  kv: Kv
  jobs: Jobs
  events: Events
  users: UserService
  clock: Clock
  log: Log
}

export const createTestPassport = (deps: Deps): PassportService => {
  const { directory, db, clock } = deps
  const outbox = createOutbox({ directory: join(directory, 'outbox'), clock })
  return createPassport({
    ...deps,
    config: deps.config ?? loadConfig({ VIREO_PROFILE: 'test', VIREO_DATA_DIR: directory }),
    audit: createAudit({ db, clock, cursorSecret: deps.secrets.keyFor('cursor').reveal() }),
    sms: outbox,
    mail: outbox,
    endPublishing: async () => undefined,
    deletePicture: async () => undefined,
  })
}
