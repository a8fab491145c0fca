/**
 * Owns the peer of the account system's measures: better-auth with e-mail and password on its own SQLite set-up, with
 * the hash that we use. Run as a process of its own: it is given a file and says its port.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hash, verify } from '@node-rs/argon2'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import Database from 'better-sqlite3'
import { hashOptions } from '../../src/passport/password.ts'

const serve = async (file: string): Promise<void> => {
  const database = new Database(file)
  // As careful with the disk as we are, and as quick at it.
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const options = {
    baseURL: `http://127.0.0.1:${port}`,
    secret: 'only for measuring, and long enough for it',
    database,
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    logger: { disabled: true },
    emailAndPassword: {
      enabled: true,
      password: {
        hash: (password: string) => hash(password, hashOptions),
        verify: (given: { hash: string; password: string }) => verify(given.hash, given.password),
      },
    },
  }
  await (await getMigrations(options)).runMigrations()
  const handle = toNodeHandler(betterAuth(options))
  server.on('request', (request, response) => void handle(request, response))
  process.send?.({ port })
}
process.once('message', (file: string) => void serve(file))
process.on('disconnect', () => process.exit(0))
