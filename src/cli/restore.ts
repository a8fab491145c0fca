/** Owns `vireo restore`: a backup's file into an empty data directory and an empty database, checked before and after. */
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { makeDirectory } from '../config/directory.ts'
import type { Config } from '../config/load.ts'
import { loadSecrets } from '../config/secrets.ts'
import { systemClock } from '../platform/clock/clock.ts'
import { openDatabase } from '../platform/db/db.ts'
import type { DatabaseConfig } from '../platform/db/db.ts'
import { migrate } from '../platform/db/migrate.ts'
import type { Migration } from '../platform/db/migrate.ts'
import { migrations } from '../platform/db/migrations/index.ts'
import { openFilling, openSnapshot, rowsPerBatch } from '../platform/db/snapshot.ts'
import type { Row } from '../platform/db/snapshot.ts'
import { silentLog } from '../platform/log/log.ts'
import { hashing, manifestName, manifestSchema, readArchive } from './archive.ts'
import type { Entries, Manifest } from './archive.ts'
import { isThere, keyMark, megabytes } from './backup.ts'
import { CommandError } from './command.ts'
import type { Call, Command } from './command.ts'
import { harmless } from './data-files.ts'

export const restore: Command = {
  name: 'restore',
  usage: 'FILE',
  about: 'Puts a backup into an empty data directory and an empty database.',
  details: [
    'Checksums are compared before anything is written, rows are counted after. A backup of SQLite may be restored',
    'into MariaDB or MySQL, and the other way round: VIREO_DATABASE_URL says into what.',
  ],
  words: [1, 1],
  run: (call) => runRestore(call),
}

const runRestore = async (call: Call): Promise<void> => {
  const { config } = call
  const file = resolve(call.directory, call.words[0] ?? '')
  if (!(await isThere(file))) throw new CommandError(`there is no file ${file}`)
  const isNew = !(await isThere(config.dataDir))
  await assertEmpty(config)
  const manifest = await verify(call, file)
  assertKnown(manifest)
  const work = join(config.dataDir, '.restore')
  // Left by one that was killed.
  await rm(work, { recursive: true, force: true })
  try {
    makeDirectory(config.dataDir)
    await mkdir(work, { mode: 0o750 })
    await extract(call, file, work, manifest.entries)
    assertKey(config, work, manifest)
    await fillDatabase(call, work, manifest)
    await putInPlace(work, config.dataDir)
  } catch (error) {
    await rm(work, { recursive: true, force: true })
    if (isNew) await rmdir(config.dataDir).catch(() => undefined)
    throw error
  }
  const rows = Object.values(manifest.tables).reduce((sum, count) => sum + count, 0)
  call.say(
    `restored what was there at ${manifest.made_at}: ${rows} rows in ${Object.keys(manifest.tables).length} tables`,
  )
}

const assertEmpty = async ({ dataDir, db }: Config): Promise<void> => {
  const names = (await isThere(dataDir)) ? await readdir(dataDir) : []
  const found = names.filter((name) => !harmless.includes(name) && name !== '.restore')
  if (found.length > 0)
    throw new CommandError(
      `${dataDir} is not empty (${found.slice(0, 3).join(', ')}): a backup is restored into an empty one only; VIREO_DATA_DIR names another`,
    )
  if (db.kind === 'sqlite') return
  await using there = await openSnapshot(db)
  const tables = await there.tables()
  if (tables.length > 0)
    throw new CommandError(`the database is not empty (${tables.slice(0, 3).join(', ')}): make a new one`)
}

/** Reads it all once, before anything is written. */
const verify = async (call: Call, file: string): Promise<Manifest> => {
  const found: Entries = {}
  let text = ''
  let bytes = 0
  await readArchive(file, async (name, content, size) => {
    call.signal.throwIfAborted()
    if (name in found) throw new CommandError(`the archive holds ${name} twice`)
    if (name !== manifestName) {
      found[name] = await hashing(content)
      bytes += size
      call.progress(`checking: ${megabytes(bytes)}`)
    } else for await (const chunk of content) text += chunk.toString()
  })
  if (text === '') throw new CommandError('the archive has no manifest: it is cut short, or no backup')
  const manifest = manifestSchema.safeParse(JSON.parse(text))
  if (!manifest.success) throw new CommandError('the manifest is not one that this version reads')
  const { entries } = manifest.data
  const names = new Set([...Object.keys(entries), ...Object.keys(found)])
  for (const name of names) {
    if (entries[name]?.sha256 !== found[name]?.sha256)
      throw new CommandError(`${name} is damaged, missing or added: its checksum is another`)
  }
  return manifest.data
}

const assertKnown = ({ schema, version }: Manifest): void => {
  const known = new Map(migrations.map(({ id, steps }) => [id, steps.length]))
  const newer = Object.entries(schema).filter(([id, steps]) => steps > (known.get(id) ?? 0))
  if (newer.length > 0)
    throw new CommandError(
      `the backup was made by Vireo ${version}, which is newer: restore it with that one`,
    )
}

/** Sessions, stream addresses and the link to ingest rest on it: without the same key everybody signs in again. */
const assertKey = ({ dataDir, givenSecretKey }: Config, work: string, manifest: Manifest): void => {
  if (givenSecretKey === undefined && !(`data/secrets/secret-key` in manifest.entries))
    throw new CommandError(`the backup was made with VIREO_SECRET_KEY: set the same one`)
  const secrets = loadSecrets(join(work, 'data'), givenSecretKey)
  if (keyMark(secrets) === manifest.key_mark) return
  throw new CommandError(
    `VIREO_SECRET_KEY is not the key of this backup (of ${dataDir}): set the one it was made with, or none if it had none`,
  )
}

const extract = async (call: Call, file: string, work: string, entries: Entries): Promise<void> => {
  let bytes = 0
  await readArchive(file, async (name, content) => {
    call.signal.throwIfAborted()
    if (name === manifestName) {
      await hashing(content)
      return
    }
    const path = join(work, name)
    await mkdir(dirname(path), { recursive: true, mode: 0o750 })
    await using out = await open(path, 'wx', name.startsWith('data/secrets/') ? 0o600 : 0o640)
    const seen = await hashing(content, async (chunk) => void (await out.writeFile(chunk)))
    if (seen.sha256 !== entries[name]?.sha256) throw new CommandError(`${name} changed while it was read`)
    await out.sync()
    bytes += seen.bytes
    call.progress(`files: ${megabytes(bytes)}`)
  })
}

/** The schema as it was, the rows, then what migrations came since. */
const fillDatabase = async (call: Call, work: string, manifest: Manifest): Promise<void> => {
  const { config } = call
  const db: DatabaseConfig =
    config.db.kind === 'sqlite' ? { kind: 'sqlite', file: join(work, 'vireo.db') } : config.db
  await migrateTo(db, schemaOf(manifest))
  {
    await using filling = await openFilling(db)
    const tables = await filling.tables()
    const unknown = Object.keys(manifest.tables).filter((table) => !tables.includes(table))
    if (unknown.length > 0)
      throw new CommandError(`the backup has tables that are not ours: ${unknown.join(', ')}`)
    for (const table of tables) await filling.empty(table)
    for (const [table, expected] of Object.entries(manifest.tables)) {
      for await (const rows of batches(join(work, 'database', `${table}.jsonl`))) {
        call.signal.throwIfAborted()
        await filling.insert(table, rows)
        call.progress(`database: ${table}`)
      }
      const count = await filling.count(table)
      if (count !== expected) throw new CommandError(`${table} has ${count} rows instead of ${expected}`)
    }
    for (const [table, last] of Object.entries(manifest.sequences)) await filling.continueAfter(table, last)
  }
  await migrateTo(db, migrations)
  await rm(join(work, 'database'), { recursive: true, force: true })
}

const schemaOf = ({ schema }: Manifest): Migration[] =>
  migrations
    .filter(({ id }) => id in schema)
    .map((migration) => ({ ...migration, steps: migration.steps.slice(0, schema[migration.id]) }))

const migrateTo = async (config: DatabaseConfig, wanted: readonly Migration[]): Promise<void> => {
  await using db = await openDatabase({ config, log: silentLog, clock: systemClock })
  await migrate(db, wanted)
}

const maxBatchChars = 2_000_000

async function* batches(path: string): AsyncIterable<Row[]> {
  let rows: Row[] = []
  let chars = 0
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    rows.push(JSON.parse(line) as Row)
    chars += line.length
    if (rows.length < rowsPerBatch && chars < maxBatchChars) continue
    yield rows
    rows = []
    chars = 0
  }
  if (rows.length > 0) yield rows
}

/** The database last: without it the directory does not count as an installation. */
const putInPlace = async (work: string, dataDir: string): Promise<void> => {
  const data = join(work, 'data')
  const folders = (await isThere(data)) ? await readdir(data) : []
  for (const name of folders) await rename(join(data, name), join(dataDir, name))
  if (await isThere(join(work, 'vireo.db'))) await rename(join(work, 'vireo.db'), join(dataDir, 'vireo.db'))
  await rm(work, { recursive: true, force: true })
}
