import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { blobContract } from './blob.contract.ts'
import { createDiskBlobs } from './disk.ts'

const openDisk = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vireo-disk-'))
  return {
    directory,
    blobs: await createDiskBlobs({ directory }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

blobContract('disk', openDisk)

describe('blob disk', () => {
  it('never follows a link out of its folder', async () => {
    await using disk = await openDisk()
    const outside = await mkdtemp(join(tmpdir(), 'vireo-outside-'))
    await writeFile(join(outside, 'canary'), 'secret')
    await symlink(outside, join(disk.directory, 'folder'))
    await mkdir(join(disk.directory, 'real'))
    await symlink(join(outside, 'canary'), join(disk.directory, 'real', 'file'))
    expect(await disk.blobs.get('folder/canary')).toBeUndefined()
    expect(await disk.blobs.get('real/file')).toBeUndefined()
    expect((await disk.blobs.list('')).items).toEqual([])
    await disk.blobs.delete('folder/canary')
    await expect(disk.blobs.put('folder/new', Buffer.from('x'), { contentType: 'x' })).rejects.toThrow()
    expect(await readdir(outside)).toEqual(['canary'])
    await rm(outside, { recursive: true })
  })

  it('says storage_full and leaves nothing when the disk is full', async () => {
    await using disk = await openDisk()
    const full = Readable.from(
      (async function* () {
        yield Buffer.from('half')
        await Promise.resolve()
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
      })(),
    )
    const putting = disk.blobs.put('a/b', full, { contentType: 'x' })
    await expect(putting).rejects.toMatchObject({ code: 'storage_full' })
    expect(await readdir(join(disk.directory, '.unfinished'))).toEqual([])
    expect(await disk.blobs.freeBytes?.()).toBeGreaterThan(0)
  })

  it('clears what a killed process left', async () => {
    await using disk = await openDisk()
    await writeFile(join(disk.directory, '.unfinished', 'left'), 'x')
    await utimes(join(disk.directory, '.unfinished', 'left'), 1000, 1000)
    await writeFile(join(disk.directory, '.unfinished', 'at-work'), 'x')
    await createDiskBlobs({ directory: disk.directory })
    expect(await readdir(join(disk.directory, '.unfinished'))).toEqual(['at-work'])
  })
})
