/** Owns how a command opens the database: beside the running product, and only one whose schema is this program's. */
import type { Config } from '../config/load.ts'
import { systemClock } from '../platform/clock/clock.ts'
import { openDatabase } from '../platform/db/db.ts'
import type { Db } from '../platform/db/db.ts'
import { pendingMigrations } from '../platform/db/migrate.ts'
import { migrations } from '../platform/db/migrations/index.ts'
import { silentLog } from '../platform/log/log.ts'
import { isThere } from './backup.ts'
import { CommandError } from './command.ts'

export const openBeside = async ({ db: config, dataDir }: Config): Promise<Db> => {
  if (config.kind === 'sqlite' && !(await isThere(config.file)))
    throw new CommandError(`there is no database in ${dataDir} yet: start Vireo, or set VIREO_DATA_DIR`)
  await using opening = new AsyncDisposableStack()
  const db = opening.use(await openDatabase({ config, log: silentLog, clock: systemClock, beside: true }))
  const pending = await pendingMigrations(db, migrations)
  if (pending.length > 0)
    throw new CommandError(
      `the database lacks ${pending.join(', ')}: start this version once, or run  vireo migrate`,
    )
  opening.move()
  return db
}
