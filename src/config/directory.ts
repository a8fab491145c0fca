/** Owns making the data directory. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * As `mkdirSync` with `recursive`, which never returns where making a folder fails with ENOENT although its parent is
 * there, as in /proc (Node 24).
 */
export const makeDirectory = (path: string): void => {
  if (existsSync(path)) {
    // Says so where it is a file.
    mkdirSync(path, { recursive: true })
    return
  }
  const parent = dirname(path)
  if (!existsSync(parent)) makeDirectory(parent)
  try {
    mkdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
