/** Owns which files of the data directory a backup holds, and how they are kept still while the product runs. */
import { constants } from 'node:fs'
import { copyFile, link, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What must be kept besides the database. Logs, sockets and caches come by themselves. */
export const keptFolders = ['secrets', 'media', 'recordings', 'uploads', 'ingest', 'outbox'] as const

/** What a directory may hold and still count as empty: a start that failed leaves these. */
export const harmless: readonly string[] = ['logs', 'run', 'cache', 'lost+found']

/**
 * Links every file of the kept folders below `to`, beside what is there already; gives how many were new. Objects never
 * change and recordings only grow, so a link is as good as a copy; where links are refused it is one.
 */
export const linkFiles = async (dataDir: string, to: string, signal: AbortSignal): Promise<number> => {
  let count = 0
  const walk = async (folder: string): Promise<void> => {
    signal.throwIfAborted()
    const entries = await readdir(join(dataDir, folder), { withFileTypes: true }).catch(ifMissing([]))
    if (entries.length > 0) await mkdir(join(to, folder), { recursive: true, mode: 0o700 })
    for (const entry of entries) {
      const name = join(folder, entry.name)
      if (entry.isDirectory() && entry.name !== '.unfinished') await walk(name)
      else if (entry.isFile() && (await keep(join(dataDir, name), join(to, name)))) count++
    }
  }
  for (const folder of keptFolders) await walk(folder)
  return count
}

const keep = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // There from the first round, or gone since it was listed.
    if (code === 'EEXIST' || code === 'ENOENT') return false
    await copyFile(from, to, constants.COPYFILE_FICLONE).catch(ifMissing(undefined))
    return true
  }
}

/** All files below, as relative names; a recording's journal before the bytes that it names. */
export const listFiles = async (root: string, folder = ''): Promise<string[]> => {
  const entries = await readdir(join(root, folder), { withFileTypes: true })
  entries.sort((a, b) => order(a.name) - order(b.name) || (a.name < b.name ? -1 : 1))
  const names: string[] = []
  for (const entry of entries) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) names.push(...(await listFiles(root, name)))
    else names.push(name)
  }
  return names
}

const order = (name: string): number => (name.startsWith('journal') ? 0 : 1)

const ifMissing =
  <T>(instead: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return instead
    throw error
  }
