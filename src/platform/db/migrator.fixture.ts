/** Owns a process that kills itself in the middle of migrating: before or after the step it is told. */
import { systemClock } from '../clock/clock.ts'
import { silentLog } from '../log/log.ts'
import { openDatabase } from './db.ts'
import type { DatabaseConfig } from './db.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'

const config = JSON.parse(process.argv[2] ?? '') as DatabaseConfig
const stopAfter = Number(process.argv[3])
const db = await openDatabase({ config, log: silentLog, clock: systemClock })
let ran = 0
const die = (): void => {
  if (ran++ === stopAfter) process.kill(process.pid, 'SIGKILL')
}
const engine = db.internals.engine
const { whileMigrating } = engine
// Dies right after a statement was done and before it is recorded.
engine.whileMigrating = (fn) =>
  whileMigrating((ddl) =>
    fn(async (statement) => {
      await ddl(statement)
      die()
    }),
  )
await migrate(db, migrations)
