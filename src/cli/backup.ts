/** Owns `vireo backup`: one file with everything that must be kept, made while the product runs. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { loadSecrets } from '../config/secrets.ts'
import { openSnapshot } from '../platform/db/snapshot.ts'
import type { Row } from '../platform/db/snapshot.ts'
import { AlreadyRunning, beOnlyOne, socketPath } from '../supervisor/only-one.ts'
import { version } from '../version.ts'
import { createArchiveWriter } from './archive.ts'
import type { Manifest } from './archive.ts'
import { CommandError } from './command.ts'
import type { Call, Command } from './command.ts'
import { linkFiles, listFiles } from './data-files.ts'

export const backup: Command = {
  name: 'backup',
  usage: 'FILE',
  about: 'Writes the database, the media and the secrets into one file, while the product runs.',
  details: [
    'Everything that was acknowledged before it began is in it. A name that ends with .gz is compressed; media',
    'hardly shrink. FILE appears when it is whole. It holds secrets: keep it as such.',
  ],
  words: [1, 1],
  run: (call) => runBackup(call),
}

const runBackup = async (call: Call): Promise<void> => {
  const { config, signal } = call
  const target = resolve(call.directory, call.words[0] ?? '')
  if (await isThere(target)) throw new CommandError(`${target} is there already`)
  if (config.db.kind === 'sqlite' && !(await isThere(config.db.file)))
    throw new CommandError(`there is nothing to back up in ${config.dataDir} (VIREO_DATA_DIR)`)
  if (!(await isThere(dirname(target)))) throw new CommandError(`there is no folder ${dirname(target)}`)
  await alone(config.dataDir)
  const still = join(config.dataDir, '.backup')
  const partial = `${target}.part`
  try {
    // Left by one that was killed.
    await rm(still, { recursive: true, force: true })
    const manifest = await holdStill(call, still)
    signal.throwIfAborted()
    const entries = await writeArchive(call, still, partial, manifest)
    await rename(partial, target)
    const { size } = await stat(target)
    const rows = Object.values(manifest.tables).reduce((sum, count) => sum + count, 0)
    call.say(`${target}: ${rows} rows, ${entries} files, ${megabytes(size)}`)
  } finally {
    await rm(partial, { force: true })
    await rm(still, { recursive: true, force: true })
  }
}

const alone = async (dataDir: string): Promise<void> => {
  try {
    await beOnlyOne(socketPath(dataDir, 'backup.sock'))
  } catch (error) {
    if (error instanceof AlreadyRunning) throw new CommandError('another backup is under way')
    throw error
  }
}

/** Files, then the database, then what files came meanwhile: what a row names is there, before it or after it. */
const holdStill = async (call: Call, still: string): Promise<Omit<Manifest, 'entries'>> => {
  const { config, signal } = call
  const files = join(still, 'data')
  await mkdir(join(still, 'database'), { recursive: true, mode: 0o700 })
  await mkdir(files, { mode: 0o700 })
  const secrets = loadSecrets(config.dataDir, config.givenSecretKey)
  await linkFiles(config.dataDir, files, signal)
  await using snapshot = await openSnapshot(config.db)
  const madeAt = new Date().toISOString()
  await linkFiles(config.dataDir, files, signal)
  const tables: Record<string, number> = {}
  const schema: Record<string, number> = {}
  for (const table of await snapshot.tables()) {
    let count = 0
    await using file = await open(join(still, 'database', `${table}.jsonl`), 'wx', 0o600)
    for await (const rows of snapshot.rows(table)) {
      signal.throwIfAborted()
      await file.appendFile(rows.map(lineOf).join(''))
      count += rows.length
      call.progress(`database: ${table}, ${count} rows`)
      if (table === 'schema_migration')
        for (const { migration } of rows) schema[String(migration)] = (schema[String(migration)] ?? 0) + 1
    }
    tables[table] = count
  }
  const sequences = await snapshot.sequences()
  return { format: 1, version, made_at: madeAt, key_mark: keyMark(secrets), schema, tables, sequences }
}

/** One line, also for readers to whom U+2028 and U+2029 end one. */
const lineOf = (row: Row): string =>
  `${JSON.stringify(row).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}\n`

const writeArchive = async (
  call: Call,
  still: string,
  partial: string,
  manifest: Omit<Manifest, 'entries'>,
): Promise<number> => {
  await rm(partial, { force: true })
  const file = createWriteStream(partial, { mode: 0o600, flags: 'wx', flush: true })
  await once(file, 'open')
  const isCompressed = /\.t?gz\.part$/.test(partial)
  const out = isCompressed ? createGzip({ level: 1 }) : file
  if (out !== file) out.pipe(file as NodeJS.WritableStream)
  // A full disk ends both, with the file's own reason.
  let failure: Error | undefined
  file.on('error', (error) => {
    failure = error
    out.destroy(error)
  })
  const archive = createArchiveWriter(out)
  const names = await listFiles(still)
  let bytes = 0
  try {
    for (const [index, name] of names.entries()) {
      call.signal.throwIfAborted()
      await archive.addFile(name, join(still, name))
      bytes += archive.entries[name]?.bytes ?? 0
      call.progress(`files: ${index + 1} of ${names.length}, ${megabytes(bytes)}`)
    }
    await archive.finish(manifest)
    out.end()
    await finished(file)
  } catch (error) {
    file.destroy()
    throw failure ?? error
  }
  return names.length
}

/** Tells two keys apart and nothing else. */
export const keyMark = (secrets: ReturnType<typeof loadSecrets>): string =>
  createHash('sha256').update(secrets.keyFor('backup-mark').reveal()).digest('hex').slice(0, 16)

export const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
      throw error
    },
  )

export const megabytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MB`
