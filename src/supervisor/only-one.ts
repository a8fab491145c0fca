/** Owns that one data directory has one machine: a second start ends with words instead of fighting the first. */
import { createHash } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export class AlreadyRunning extends Error {}

/**
 * Holds a Unix socket at `path` until the process ends. One that is left over from a killed process answers nobody and is
 * taken over. Throws AlreadyRunning where somebody answers.
 */
export const beOnlyOne = async (path: string): Promise<Server> => {
  try {
    return await listen(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    if (await isAnswered(path)) throw new AlreadyRunning()
    rmSync(path, { force: true })
    return listen(path)
  }
}

const listen = (path: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', reject)
    server.listen(path, () => {
      server.unref()
      resolve(server)
    })
  })

export const isAnswered = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

/** A Unix socket's path holds about 100 bytes: a deep data directory gets its socket in the temporary one. */
export const socketPath = (dataDir: string, name: string): string => {
  const near = join(dataDir, 'run', name)
  if (Buffer.byteLength(near) <= 100) {
    mkdirSync(dirname(near), { recursive: true, mode: 0o700 })
    return near
  }
  const far = join(tmpdir(), `vireo-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`)
  mkdirSync(far, { recursive: true, mode: 0o700 })
  return join(far, name)
}
