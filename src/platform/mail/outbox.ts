/**
 * Owns messages that stay here: one file each, for whoever runs the place to read. For SMS as well as for mail.
 * It refuses to show half a message.
 */
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock/clock.ts'
import { AppError } from '../errors/app-error.ts'
import { sortableId } from '../ids/ids.ts'
import type { Mail } from './mail.ts'

/** Files `<sortable id>.json` of `{to, text, purpose, code?, subject?}`, readable by the owner alone. */
export const createOutbox = (deps: { directory: string; clock: Clock }): Mail => {
  const { directory, clock } = deps
  return {
    async send({ to, text, purpose, code, subject }) {
      const name = `${sortableId(clock.now())}.json`
      const partial = join(directory, `.${name}`)
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 })
        const file = await open(partial, 'wx', 0o600)
        try {
          await file.writeFile(`${JSON.stringify({ to, text, purpose, code, subject })}\n`)
          await file.sync()
        } finally {
          await file.close()
        }
        await rename(partial, join(directory, name))
      } catch (error) {
        await rm(partial, { force: true }).catch(() => undefined)
        const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
        throw new AppError(full ? 'storage_full' : 'unavailable', { cause: error })
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
