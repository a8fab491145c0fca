/** Owns the secret key: made at first start, file mode 0600, and the keys derived from it. */
import { hkdfSync, randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Bytes that never show in a log, an error or JSON. */
export class Secret {
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  reveal(): Buffer {
    return this.#bytes
  }

  toJSON(): string {
    return '[secret]'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]'
  }
}

export interface Secrets {
  /** A key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869); the same purpose gives the same key. */
  keyFor(purpose: string): Secret
}

/** Reads `DATA_DIR/secrets/secret-key`, making it if it is not there, unless `given` stands in the environment. */
export const loadSecrets = (dataDir: string, given: string | undefined): Secrets => {
  const master = given === undefined ? readOrMake(join(dataDir, 'secrets', 'secret-key')) : Buffer.from(given)
  return {
    keyFor: (purpose) => new Secret(Buffer.from(hkdfSync('sha256', master, '', `vireo/${purpose}`, 32))),
  }
}

const readOrMake = (file: string): Buffer => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  try {
    // Exclusive: of two processes that start at once only one makes it, the other reads it.
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  chmodSync(file, 0o600)
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64url')
  if (key.length < 32)
    throw new Error(
      `${file} holds no key of 32 bytes; move it away and a new one is made (everybody signs in again)`,
    )
  return key
}
