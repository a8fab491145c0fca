/** Owns what every blob adapter must do. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Blobs } from './blob.ts'

const text = { contentType: 'text/plain' }

export const blobContract = (name: string, open: () => Promise<{ blobs: Blobs } & AsyncDisposable>): void => {
  describe(`blob ${name}`, () => {
    let opened: Awaited<ReturnType<typeof open>>
    let blobs: Blobs
    let scratch: string
    beforeAll(async () => {
      opened = await open()
      blobs = opened.blobs
      scratch = await mkdtemp(join(tmpdir(), 'vireo-blob-'))
    })
    afterAll(async () => {
      await opened[Symbol.asyncDispose]()
      await rm(scratch, { recursive: true, force: true })
    })
    const read = async (key: string, range?: { start?: number; end?: number }) => {
      const got = await blobs.get(key, range)
      return got && (await buffer(got.body))
    }

    it('keeps bytes and streams, and replaces them whole', async () => {
      const bytes = randomBytes(300_000)
      await blobs.put('a/bytes.bin', bytes, text)
      expect(await read('a/bytes.bin')).toEqual(bytes)
      const info = await blobs.put('a/bytes.bin', Readable.from([Buffer.from('ab'), Buffer.from('cd')]), {
        ...text,
        sizeBytes: 4,
      })
      expect(info).toMatchObject({ key: 'a/bytes.bin', sizeBytes: 4 })
      expect(await read('a/bytes.bin')).toEqual(Buffer.from('abcd'))
      expect(await blobs.head('a/bytes.bin')).toMatchObject({ sizeBytes: 4 })
      await blobs.put('a/empty', new Uint8Array(), text)
      expect(await read('a/empty')).toEqual(Buffer.alloc(0))
    })

    it('reads ranges', async () => {
      await blobs.put('r/0123', Buffer.from('0123456789'), text)
      expect(String(await read('r/0123', { start: 2, end: 4 }))).toBe('234')
      expect(String(await read('r/0123', { start: 7 }))).toBe('789')
      const last = await blobs.get('r/0123', { start: 9, end: 9 })
      expect(last?.info.sizeBytes).toBe(10)
      last?.body.destroy()
    })

    it('takes a local file, moved or copied', async () => {
      const path = join(scratch, 'file')
      await writeFile(path, 'content')
      await blobs.putFile('f/copied', path, { ...text, move: false })
      expect(await readFile(path, 'utf8')).toBe('content')
      await blobs.putFile('f/moved', path, { ...text, move: true })
      await expect(readFile(path)).rejects.toThrow()
      expect(String(await read('f/copied'))).toBe('content')
      expect(String(await read('f/moved'))).toBe('content')
    })

    it('leaves nothing of a stream that fails, is aborted or is shorter than told', async () => {
      const failing = Readable.from(
        (async function* () {
          yield Buffer.from('half')
          await Promise.resolve()
          throw new Error('cut off')
        })(),
      )
      await expect(blobs.put('x/failed', failing, text)).rejects.toThrow('cut off')
      const short = Readable.from([Buffer.from('abc')])
      await expect(blobs.put('x/short', short, { ...text, sizeBytes: 4 })).rejects.toThrow()
      const abort = new AbortController()
      const endless = new Readable({ read: () => undefined })
      endless.push('x')
      const aborted = blobs.put('x/aborted', endless, { ...text, signal: abort.signal })
      abort.abort()
      await expect(aborted).rejects.toThrow()
      expect(await blobs.list('x/')).toEqual({ items: [], next: undefined })
    })

    it('has nothing under unknown keys, and deletes what may be missing', async () => {
      expect(await blobs.get('no/such')).toBeUndefined()
      expect(await blobs.head('no/such')).toBeUndefined()
      await blobs.delete('no/such')
      await blobs.put('d/a', Buffer.from('a'), text)
      await blobs.delete('d/a')
      expect(await blobs.head('d/a')).toBeUndefined()
    })

    it('deletes below a folder and not beside it', async () => {
      for (const key of ['p/1/a', 'p/1/b/c', 'p/10/a']) await blobs.put(key, Buffer.from(key), text)
      await blobs.deletePrefix('p/1/')
      await blobs.deletePrefix('p/none/')
      expect((await blobs.list('p/')).items.map(({ key }) => key)).toEqual(['p/10/a'])
    })

    it('lists in order of keys, page by page', async () => {
      const keys = ['l/a', 'l/a-b', 'l/a/x', 'l/b.ts', 'l/b/1', 'l/b/2'].filter((key) => key !== 'l/a')
      for (const key of keys) await blobs.put(key, Buffer.from(key), text)
      const seen: string[] = []
      let after: string | undefined
      do {
        const page = await blobs.list('l/', { limit: 2, ...(after === undefined ? {} : { after }) })
        seen.push(...page.items.map(({ key }) => key))
        after = page.next
      } while (after !== undefined)
      expect(seen).toEqual([...keys].sort())
    })

    it.each([
      '../x',
      'a/../../x',
      '/etc/passwd',
      'a//b',
      'a/',
      '',
      '.unfinished/x',
      'a/.hidden',
      'a\0b',
      'a\\b',
      'a/..',
      '%2e%2e/x',
      'x'.repeat(600),
    ])('refuses the key %j', async (key) => {
      const calls = [
        async () => blobs.put(key, Buffer.from('x'), text),
        async () => blobs.get(key),
        async () => blobs.head(key),
        async () => blobs.delete(key),
      ]
      for (const call of calls) await expect(call()).rejects.toThrow('Not a key')
      await expect((async () => blobs.deletePrefix(`${key}/`))()).rejects.toThrow()
    })

    it('lets writers and deleters of one key meet without leaving half a file', async () => {
      const bodies = Array.from({ length: 20 }, (_, n) => Buffer.alloc(50_000, n))
      await Promise.all(
        bodies.map(async (body, n) => {
          await blobs.put('race/x', body, text)
          if (n % 3 === 0) await blobs.delete('race/x')
        }),
      )
      const left = await read('race/x')
      if (left) expect(new Set(left).size).toBe(1)
    })
  })
}
