/** Owns what this machine can not do now, for the site's banner and the start's words. */
import { execFile } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import type { Config } from '../config/load.ts'
import type { Site } from '../../contract/site.ts'

export type Lack = Site['missing'][number]

export interface Missing {
  list(): Promise<Lack[]>
  inWords(): Promise<string[]>
}

const words: Readonly<Record<Lack, string>> = {
  ffmpeg:
    'ffmpeg is missing: uploads that need converting, and pictures of streams, do not work (apt-get install ffmpeg)',
  disk_space: 'the disk is nearly full: uploads and recordings are refused',
  ingest: 'the ingest process does not answer: nobody can go live',
}

interface Deps {
  config: Pick<Config, 'dataDir' | 'diskReserveBytes'>
  isIngestUp: () => boolean
}

export const createMissing = ({ config, isIngestUp }: Deps): Missing => {
  // Installed or not does not change while we run, except from missing to there.
  let ffmpegFound = false
  const list = async (): Promise<Lack[]> => {
    ffmpegFound ||= await runs('ffmpeg')
    const isFull = (await freeBytes(config.dataDir)) < config.diskReserveBytes
    return [
      ...(ffmpegFound ? [] : ['ffmpeg' as const]),
      ...(isFull ? ['disk_space' as const] : []),
      ...(isIngestUp() ? [] : ['ingest' as const]),
    ]
  }
  return { list, inWords: async () => (await list()).map((lack) => words[lack]) }
}

/** Bytes that are free for us on the disk of `path`. */
const freeBytes = async (path: string): Promise<number> => {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}

const runs = (tool: string): Promise<boolean> =>
  new Promise((resolve) => {
    execFile(tool, ['-version'], { timeout: 5_000 }, (error) => resolve(error === null))
  })
