/** Owns walking the folders of the disk storage in the order of keys, without reading more than is asked for. */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobInfo } from './blob.ts'

/** Keys below `prefix` and after `after`, at most `limit`. */
export const listFiles = async (
  root: string,
  prefix: string,
  after: string,
  limit: number,
): Promise<BlobInfo[]> => {
  const items: BlobInfo[] = []
  await walk(root, prefix, after, limit, items)
  return items
}

const walk = async (
  root: string,
  prefix: string,
  after: string,
  limit: number,
  items: BlobInfo[],
): Promise<void> => {
  for (const name of await names(join(root, prefix))) {
    if (items.length >= limit) return
    const key = prefix + name
    if (name.endsWith('/')) {
      // Every key in the folder begins with its name: skip it if all of them come before.
      if (key > after || after.startsWith(key)) await walk(root, key, after, limit, items)
    } else if (key > after) {
      const seen = await lstat(join(root, key)).catch(() => undefined)
      if (seen) items.push({ key, sizeBytes: seen.size, modifiedMs: Math.floor(seen.mtimeMs) })
    }
  }
}

/** Folders with a slash at their end, so that sorting names sorts keys. Links and hidden names are left out. */
const names = async (folder: string): Promise<string[]> => {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries
      .filter((entry) => !entry.name.startsWith('.') && (entry.isFile() || entry.isDirectory()))
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .sort()
  } catch {
    // It is not there, or it went away meanwhile.
    return []
  }
}
