/** Owns the picture of a clip: its first frame, out of its own recording. */
import { open } from 'node:fs/promises'
import { bundleFile, readJournal } from '../ingest/index.ts'
import { shapes } from '../platform/image/image.ts'
import type { Images } from '../platform/image/image.ts'
import { frameOf } from './pictures.ts'

/** undefined where the recording holds no picture. */
export const createClipPicture =
  ({ images, scratchDir }: { images: Images; scratchDir: string }) =>
  async (directory: string): Promise<Buffer | undefined> => {
    const journal = await readJournal(directory)
    const part = journal?.parts.find(({ independent }) => independent)
    const init = journal?.inits.find(({ n }) => n === part?.init)
    if (part === undefined || init === undefined) return undefined
    await using file = await open(bundleFile(directory, part.bundle), 'r')
    const read = async ({ offset, length }: { offset: number; length: number }): Promise<Buffer> =>
      (await file.read(Buffer.alloc(length), 0, length, offset)).buffer
    const mp4 = Buffer.concat([await read(init), await read(part)])
    return images.reshape(await frameOf(mp4, scratchDir), shapes.cover)
  }
