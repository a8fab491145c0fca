/** Owns the look at the data directory: may we write, how much is free, how fast it is, who may read the secrets. */
import { mkdtemp, open, rm, rmdir, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Config } from '../../config/load.ts'
import { isThere } from '../backup.ts'
import { fail, ok, reasonOf, warn } from './finding.ts'
import type { Finding } from './finding.ts'

const gb = 1024 ** 3
const sampleBytes = 16 * 1024 * 1024
/** A live stream in three qualities and an upload beside it want about this. */
const slowMbPerS = 20

export async function* lookAtStorage(config: Config): AsyncIterable<Finding> {
  const { dataDir } = config
  // Before the first start: the folder in which it will be made.
  let place = dataDir
  while (!(await isThere(place)) && dirname(place) !== place) place = dirname(place)
  try {
    // What the kernel says of rights is not all: a file system may still refuse.
    await rmdir(await mkdtemp(join(place, '.doctor-')))
  } catch (error) {
    yield fail(
      'data directory',
      `${dataDir} can not be written: ${reasonOf(error)}`,
      'give it to the user that runs Vireo (chown), or set VIREO_DATA_DIR',
    )
    return
  }
  yield ok('data directory', place === dataDir ? dataDir : `${dataDir} (made at the first start)`)
  yield await lookAtSpace(place, config.diskReserveBytes)
  yield await lookAtSpeed(place)
  yield await lookAtSecrets(config)
}

const lookAtSpace = async (place: string, reserve: number): Promise<Finding> => {
  const { bavail, bsize } = await statfs(place)
  const free = bavail * bsize
  const words = `${(free / gb).toFixed(1)} GB free, ${(reserve / gb).toFixed(1)} GB kept in reserve`
  if (free < reserve)
    return fail('disk space', words, 'uploads and recordings are refused: free some, or move VIREO_DATA_DIR')
  return free < 3 * reserve
    ? warn('disk space', words, 'it will be full soon: free some, or move VIREO_DATA_DIR')
    : ok('disk space', words)
}

const lookAtSpeed = async (place: string): Promise<Finding> => {
  let directory: string | undefined
  try {
    directory = await mkdtemp(join(place, '.doctor-'))
    await using file = await open(join(directory, 'sample'), 'wx')
    const startedMs = performance.now()
    await file.writeFile(Buffer.alloc(sampleBytes, 1))
    await file.sync()
    const seconds = (performance.now() - startedMs) / 1000
    const mbPerS = Math.round(sampleBytes / 1024 / 1024 / seconds)
    return mbPerS >= slowMbPerS
      ? ok('disk speed', `${mbPerS} MB/s written and synced`)
      : warn(
          'disk speed',
          `${mbPerS} MB/s written and synced`,
          'recordings may stop under load: use a faster disk',
        )
  } catch (error) {
    return fail(
      'disk speed',
      `a file could not be written: ${reasonOf(error)}`,
      'look at the disk (dmesg, df)',
    )
  } finally {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  }
}

const lookAtSecrets = async ({ dataDir, givenSecretKey }: Config): Promise<Finding> => {
  if (givenSecretKey !== undefined) return ok('secret key', 'given by VIREO_SECRET_KEY')
  const file = join(dataDir, 'secrets', 'secret-key')
  if (!(await isThere(file))) return ok('secret key', 'made at the first start')
  const { mode, uid } = await stat(file)
  const bits = (mode & 0o777).toString(8)
  const mine = process.getuid?.() ?? uid
  if ((mode & 0o077) !== 0)
    return fail('secret key', `others may read it (mode ${bits})`, `chmod 600 ${file}`)
  if (mine !== uid && mine !== 0)
    return fail('secret key', 'it belongs to another user', `chown it to the user that runs Vireo: ${file}`)
  return ok('secret key', `only its owner may read it (mode ${bits})`)
}
