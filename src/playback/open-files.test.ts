/** What is held open, for how long and how much of it, as the kernel sees it. */
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createDiskBlobs } from '../platform/blob/disk.ts'
import type { Blobs } from '../platform/blob/blob.ts'
import { createOpenFiles } from './open-files.ts'

let directory: string
let blobs: Blobs

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vireo-open-files-'))
  blobs = await createDiskBlobs({ directory })
  for (let n = 0; n < 80; n++)
    await blobs.put(`films/f${n}`, Buffer.from('a film'), { contentType: 'video/mp4' })
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const openNow = async (): Promise<number> => {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  return links.filter((path) => path.includes(join(directory, 'films'))).length
}
const open = () => createOpenFiles(blobs, (key) => blobs.localPath?.(key) ?? '')

it('opens a file once for all who read it at the same time, and closes it soon after', async () => {
  const files = open()
  const taken = await Promise.all(Array.from({ length: 10 }, () => files.take('films/f1')))
  expect(new Set(taken.map((file) => file?.fd)).size).toBe(1)
  expect(taken[0]?.sizeBytes).toBe(6)
  expect(await openNow()).toBe(1)
  for (const file of taken) file?.close()
  for (const file of taken) file?.close()
  await vi.waitUntil(async () => (await openNow()) === 0, { timeout: 10_000 })
})

it('keeps what is being read, and forgets what was deleted', async () => {
  const files = open()
  const reading = await files.take('films/f2')
  await blobs.delete('films/f2')
  await vi.waitUntil(
    async () => {
      const again = await files.take('films/f2')
      again?.close()
      return again === undefined
    },
    { timeout: 10_000 },
  )
  expect(await openNow()).toBe(1)
  reading?.close()
  await vi.waitUntil(async () => (await openNow()) === 0, { timeout: 10_000 })
  expect(await files.take('films/none')).toBeUndefined()
})

it('holds no more than 64', async () => {
  const files = open()
  for (let n = 3; n < 80; n++) (await files.take(`films/f${n}`))?.close()
  await vi.waitUntil(async () => (await openNow()) <= 64, { timeout: 1_000 })
  await vi.waitUntil(async () => (await openNow()) === 0, { timeout: 10_000 })
})
