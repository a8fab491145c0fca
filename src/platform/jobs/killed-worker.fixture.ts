/** Owns a worker process for tests to kill: it takes a job, says so and never ends it. */
import { systemClock } from '../clock/clock.ts'
import { openDatabase } from '../db/db.ts'
import type { DatabaseConfig } from '../db/db.ts'
import { silentLog } from '../log/log.ts'
import { createJobs } from './jobs.ts'

const config = JSON.parse(process.argv[2] ?? '') as DatabaseConfig
const db = await openDatabase({ config, log: silentLog, clock: systemClock })
const bus = { publish: () => Promise.resolve(), subscribe: () => Promise.resolve(() => Promise.resolve()) }
const jobs = await createJobs({ db, bus, log: silentLog, clock: systemClock, options: { pollMs: 20 } })
jobs.work(
  'test',
  async () => {
    process.stdout.write('running\n')
    await new Promise(() => undefined)
  },
  { leaseMs: 600 },
)
