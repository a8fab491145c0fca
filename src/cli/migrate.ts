/** Owns `vireo migrate`: bringing the database to this version's schema without starting the product. */
import { makeDirectory } from '../config/directory.ts'
import { systemClock } from '../platform/clock/clock.ts'
import { openDatabase } from '../platform/db/db.ts'
import { migrate, pendingMigrations } from '../platform/db/migrate.ts'
import { migrations } from '../platform/db/migrations/index.ts'
import { silentLog } from '../platform/log/log.ts'
import { isThere } from './backup.ts'
import { CommandError } from './command.ts'
import type { Call, Command } from './command.ts'

export const migrateCommand: Command = {
  name: 'migrate',
  usage: '',
  about: "Brings the database to this version's schema. Starting does the same.",
  details: ['SQLite is copied first; the last three copies stay beside it.'],
  options: { status: { about: 'only says what is done and what is missing; exit code 1 if something is' } },
  words: [0, 0],
  run: (call) => (call.options['status'] === true ? status(call) : run(call)),
}

const run = async ({ config, say }: Call): Promise<void> => {
  makeDirectory(config.dataDir)
  await using db = await openDatabase({ config: config.db, log: silentLog, clock: systemClock })
  const done = await migrate(db, migrations)
  for (const id of done) say(`migrated ${id}`)
  if (done.length === 0) say(`nothing to do: the schema is at ${migrations.at(-1)?.id}`)
}

const status = async ({ config, say }: Call): Promise<void> => {
  const { db: place } = config
  // Looking must not make the file.
  const isNew = place.kind === 'sqlite' && !(await isThere(place.file))
  let missing = migrations.map(({ id }) => id)
  if (!isNew) {
    await using db = await openDatabase({ config: place, log: silentLog, clock: systemClock, beside: true })
    missing = await pendingMigrations(db, migrations)
  }
  for (const { id } of migrations) say(`${missing.includes(id) ? 'missing' : 'done   '}  ${id}`)
  if (missing.length > 0) throw new CommandError('something is missing: run  vireo migrate')
}
