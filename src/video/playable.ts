/** Owns who may read the bytes of a video, and where they lie. */
import { join } from 'node:path'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Addresses } from './addresses.ts'
import { captionKey } from './captions.ts'
import { mediaFile, playlistFile, storyboardFile } from './kinds.ts'
import { playedAs } from './rules.ts'
import * as store from './store.ts'
import { captionFile, captionsOf } from './view.ts'

interface Common {
  /** Changes whenever the bytes do. */
  version: string
  width: number | null
  height: number | null
  bandwidth: number
  codecs: string | null
  /** The key of what stands beside the film: captions, storyboard. */
  beside(file: string): string | undefined
}

/** An upload's files are blobs; a recording is a folder of bundles beside its journal. */
export type Playable =
  | (Common & { source: 'upload'; playlistKey: string; mediaKey: string; mediaFile: string })
  | (Common & { source: 'recording'; directory: string })

/** `take`: to be kept as a file, for which only its owner gets an address. */
export type FindPlayable = (
  publicId: string,
  grant: string | undefined,
  purpose?: 'play' | 'take',
) => Promise<Playable>

/** Throws `not_found`: without a grant for all but public videos, with one for whatever it was not made for. */
export const createFindPlayable =
  ({ db, addresses, recordingsDir }: { db: Db; addresses: Addresses; recordingsDir: string }): FindPlayable =>
  async (publicId, grant, purpose = 'play') => {
    const video = await store.findPlayed(db, publicId)
    if (video?.state !== 'ready' || video.trashed === 1) throw new AppError('not_found')
    const isAllowed =
      grant === undefined
        ? purpose === 'play' && playedAs(video) === 'public'
        : addresses.isGrant(grant, video.public_id, purpose === 'take' ? 'private' : playedAs(video))
    if (!isAllowed) throw new AppError('not_found')
    const { width, height, bandwidth, codecs } = video
    const common = { width, height, bandwidth, codecs, beside: besideOf(video) }
    if (video.source === 'recording' && video.live_session_id !== null) {
      const directory = join(recordingsDir, video.live_session_id)
      return { source: 'recording', version: video.live_session_id, directory, ...common }
    }
    if (video.media_key === null) throw new AppError('not_found')
    return {
      source: 'upload',
      version: video.media_key,
      playlistKey: `${video.media_key}/${playlistFile}`,
      mediaKey: `${video.media_key}/${mediaFile}`,
      mediaFile,
      ...common,
    }
  }

const besideOf =
  (video: store.PlayedVideo) =>
  (file: string): string | undefined => {
    if (video.storyboard !== null && (file === storyboardFile || /^s[1-9]\d?\.jpg$/.test(file)))
      return `${video.storyboard}/${file}`
    const caption = captionsOf(video).find(({ name }) => captionFile(name) === file)
    return caption && captionKey(video.public_id, caption.name)
  }
