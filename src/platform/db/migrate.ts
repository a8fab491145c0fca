/**
 * Owns bringing a database to this program's schema, step by step, so that a killed run goes on where it stopped.
 * It refuses a database that a newer program has migrated.
 */
import type { Db, Queries } from './db.ts'
import { isAlreadyThere, translate } from './failure.ts'
import { col, createTable } from './schema.ts'
import type { Ddl } from './schema.ts'

/**
 * One statement of DDL, or a change of rows. Each must bear being run twice: MySQL commits DDL at once, and a kill
 * may come before the step is recorded.
 */
export type Step = Ddl | { change: (db: Queries) => Promise<void> }

export interface Migration {
  /** `NNNN-name`, as its file. */
  readonly id: string
  readonly steps: readonly Step[]
}

const ledger = createTable(
  'schema_migration',
  { migration: col.text(100), step: col.int(), name: col.text(100), at_ms: col.bigint() },
  { primaryKey: ['migration', 'step'] },
)

const changeLimit = { timeoutMs: 3_600_000 }

type RunDdl = (statement: string) => Promise<void>

/** Runs what is missing and gives the ids of the migrations that did something. */
export const migrate = async (db: Db, migrations: readonly Migration[]): Promise<string[]> => {
  refuseDisorder(migrations)
  return db.internals.engine.whileMigrating(async (ddl) => {
    await bear(ddl(ledger(db.engine)))
    const done = await readLedger(db)
    refuseNewer(migrations, done)
    const pending = migrations.filter(({ id, steps }) => (done.get(id) ?? 0) < steps.length)
    if (pending[0] && done.size > 0) await copyFirst(db, pending[0].id)
    for (const migration of pending) await runSteps(db, ddl, migration, done.get(migration.id) ?? 0)
    return pending.map(({ id }) => id)
  })
}

/** Are there steps to run? For a start that must not migrate by itself. */
export const pendingMigrations = async (db: Db, migrations: readonly Migration[]): Promise<string[]> => {
  refuseDisorder(migrations)
  const done = await readLedger(db).catch(() => new Map<string, number>())
  refuseNewer(migrations, done)
  return migrations.filter(({ id, steps }) => (done.get(id) ?? 0) < steps.length).map(({ id }) => id)
}

const runSteps = async (db: Db, ddl: RunDdl, migration: Migration, first: number): Promise<void> => {
  const { log, clock } = db.internals
  for (const [index, step] of migration.steps.entries()) {
    if (index < first) continue
    const row = { migration: migration.id, step: index, name: migration.id, at_ms: clock.now() }
    if (typeof step === 'function') {
      await bear(ddl(step(db.engine)))
      await db.insertInto('schema_migration').values(row).execute()
    } else {
      await db.transaction(async (trx) => {
        await step.change(trx)
        await trx.insertInto('schema_migration').values(row).execute()
      }, changeLimit)
    }
  }
  log.info({ migration: migration.id, steps: migration.steps.length }, 'migrated')
}

const bear = async (statement: Promise<void>): Promise<void> => {
  try {
    await statement
  } catch (error) {
    if (!isAlreadyThere(error)) throw translate(error)
  }
}

/** How many steps of each migration are done. */
const readLedger = async (db: Db): Promise<Map<string, number>> => {
  const rows = await db
    .selectFrom('schema_migration')
    .select(['migration', (eb) => eb.fn.countAll<number>().as('steps')])
    .groupBy('migration')
    .execute()
  return new Map(rows.map(({ migration, steps }) => [migration, steps]))
}

const copyFirst = async (db: Db, id: string): Promise<void> => {
  const copy = await db.internals.engine.copy(id)
  if (copy !== undefined) db.internals.log.info({ copy }, 'copied the database before migrating it')
}

const refuseNewer = (migrations: readonly Migration[], done: ReadonlyMap<string, number>): void => {
  const known = new Map(migrations.map(({ id, steps }) => [id, steps.length]))
  const newer = [...done].filter(([id, steps]) => steps > (known.get(id) ?? 0)).map(([id]) => id)
  if (newer.length === 0) return
  throw new Error(
    `This database was migrated by a newer Vireo (${newer.sort().join(', ')}); this program knows up to ` +
      `${migrations.at(-1)?.id ?? 'nothing'}. Start the newer program, or restore the copy made before it migrated.`,
  )
}

const refuseDisorder = (migrations: readonly Migration[]): void => {
  for (const [index, { id }] of migrations.entries()) {
    const before = migrations[index - 1]?.id ?? ''
    if (!/^\d{4}-[a-z0-9-]+$/.test(id) || id <= before) throw new Error(`Migration ${id} is out of order`)
  }
}
