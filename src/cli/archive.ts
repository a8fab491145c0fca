/**
 * Owns the file of a backup: a tar whose last entry is its manifest, with the size and SHA-256 of every other entry.
 * It refuses everything in it that is not a plain file with a plain relative name.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Header, Parser } from 'tar'
import type { ReadEntry } from 'tar'
import { z } from 'zod'
import { CommandError } from './command.ts'

export const manifestName = 'manifest.json'

export const manifestSchema = z.object({
  format: z.literal(1),
  version: z.string(),
  made_at: z.iso.datetime(),
  /** Equal where the same secret key is in use, and telling nothing about it. */
  key_mark: z.string(),
  /** Migrations and how many steps of each were done. */
  schema: z.record(z.string(), z.number().int()),
  /** Rows of each table. */
  tables: z.record(z.string(), z.number().int()),
  /** The last number that each counting table gave out. */
  sequences: z.record(z.string(), z.number().int()),
  entries: z.record(z.string(), z.object({ bytes: z.number().int(), sha256: z.string() })),
})
export type Manifest = z.infer<typeof manifestSchema>
export type Entries = Manifest['entries']

const block = 512

export interface ArchiveWriter {
  /** At most `bytes` of the file at `path`: what it held when it was looked at, though it may grow. */
  addFile(name: string, path: string): Promise<void>
  readonly entries: Entries
  /** Adds the manifest and ends the archive. */
  finish(manifest: Omit<Manifest, 'entries'>): Promise<void>
}

export const createArchiveWriter = (out: Writable): ArchiveWriter => {
  const entries: Entries = {}

  const write = async (bytes: Buffer): Promise<void> => {
    if (!out.write(bytes)) await once(out, 'drain')
  }
  const head = async (name: string, size: number): Promise<void> => {
    const header = new Header({
      path: name,
      mode: 0o600,
      size,
      mtime: new Date(),
      type: 'File',
      uid: 0,
      gid: 0,
    })
    const bytes = Buffer.alloc(block)
    if (header.encode(bytes, 0)) throw new Error(`${name} is too long a name for the archive`)
    await write(bytes)
  }
  const pad = (size: number): Promise<void> => write(Buffer.alloc((block - (size % block)) % block))

  return {
    entries,
    async addFile(name, path) {
      await using file = await open(path, 'r')
      const { size } = await file.stat()
      await head(name, size)
      const hash = createHash('sha256')
      let left = size
      const chunks = size === 0 ? [] : file.createReadStream({ end: size - 1, autoClose: false })
      for await (const chunk of chunks as AsyncIterable<Buffer>) {
        hash.update(chunk)
        left -= chunk.length
        await write(chunk)
      }
      if (left > 0) throw new Error(`${path} became shorter while it was read`)
      await pad(size)
      entries[name] = { bytes: size, sha256: hash.digest('hex') }
    },
    async finish(manifest) {
      const bytes = Buffer.from(JSON.stringify({ ...manifest, entries }, undefined, 1))
      await head(manifestName, bytes.length)
      await write(bytes)
      await pad(bytes.length)
      await write(Buffer.alloc(2 * block))
    },
  }
}

/** `database/…`, `data/…`: no way out, nothing hidden. */
const isPlainName = (name: string): boolean =>
  name === manifestName ||
  (/^(database|data)\/[^\\\0]+$/.test(name) &&
    name.split('/').every((part) => part !== '' && part !== '.' && part !== '..'))

/** Calls back with each entry in turn; its bytes must be read to the end. Throws CommandError. */
export const readArchive = async (
  path: string,
  onEntry: (name: string, bytes: AsyncIterable<Buffer>, size: number) => Promise<void>,
): Promise<void> => {
  const file = createReadStream(path, { highWaterMark: 1024 * 1024 })
  const source = (await isGzip(path)) ? file.pipe(createGunzip()) : file
  file.on('error', (error) => source.destroy(error))
  let failure: unknown
  let waiting: Promise<void> = Promise.resolve()
  const refuse = (error: unknown): void => {
    failure ??= error
    source.destroy()
  }
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry: ReadEntry) => {
      const name = entry.path
      if (!['File', 'OldFile'].includes(entry.type) || !isPlainName(name)) {
        refuse(new CommandError(`the archive holds ${JSON.stringify(name)}, which no backup does`))
        entry.resume()
        return
      }
      waiting = onEntry(name, entry as AsyncIterable<Buffer>, entry.size).catch(refuse)
    },
  })
  parser.on('error', refuse)
  const ended = new Promise<void>((resolve) => parser.on('end', () => resolve()))
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      if (failure !== undefined) break
      if (!parser.write(chunk)) await Promise.race([once(parser, 'drain'), failed()])
    }
    if (failure === undefined) {
      parser.end()
      await Promise.race([ended, failed()])
      await waiting
    }
  } catch (error) {
    failure ??= new CommandError(`${path} can not be read: ${(error as Error).message}`)
  }
  if (failure === undefined) return
  throw failure instanceof CommandError
    ? failure
    : new CommandError(`the archive is damaged: ${words(failure)}`)

  /** Resolves once something failed; the parser then waits for ever. */
  async function failed(): Promise<void> {
    while (failure === undefined) await new Promise((resolve) => setTimeout(resolve, 50).unref())
  }
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const isGzip = async (path: string): Promise<boolean> => {
  await using file = await open(path, 'r')
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
  return buffer.readUInt16BE(0) === 0x1f8b
}

export const hashing = async (
  bytes: AsyncIterable<Buffer>,
  also: (chunk: Buffer) => Promise<void> | void = () => undefined,
): Promise<{ bytes: number; sha256: string }> => {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of bytes) {
    hash.update(chunk)
    size += chunk.length
    await also(chunk)
  }
  return { bytes: size, sha256: hash.digest('hex') }
}
