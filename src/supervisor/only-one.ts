/** Owns that one data directory has one machine: a second start ends with words instead of fighting the first. */
import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server } from 'node:net'

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

const isAnswered = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
