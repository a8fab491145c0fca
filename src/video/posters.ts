/** Owns covers: frames of a video to choose from, and pictures of the owner's own. */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { extractFrame, hasFfmpeg } from '../media/ffmpeg/ffmpeg.ts'
import type { Blobs } from '../platform/blob/blob.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { randomName } from '../platform/ids/ids.ts'
import { shapes } from '../platform/image/image.ts'
import type { Images } from '../platform/image/image.ts'
import type { JobHandler } from '../platform/jobs/jobs.ts'
import type { Caller } from '../platform/http/route.ts'
import { mediaFile } from './kinds.ts'
import type { Listing } from './listing.ts'
import type { Videos } from './service.ts'
import * as store from './store.ts'
import { imageUrl, thumbnailKey } from './view.ts'

const places = [0.1, 0.3, 0.5, 0.7, 0.9]
const keyOfPoster = (name: string, posters: readonly string[]): string | undefined =>
  /^p[1-9]$/.test(name) ? posters[Number(name.slice(1)) - 1] : undefined

interface Deps {
  db: Db
  clock: Clock
  blobs: Blobs
  images: Images
  listing: Listing
  videos: Videos
  workDir: string
}

export type Covers = ReturnType<typeof createCovers>

export const createCovers = ({ db, clock, blobs, images, listing, videos, workDir }: Deps) => {
  /** Stores a picture as a cover and its thumbnail; gives the cover's key. */
  const storeCover = async (picture: Buffer, area: 'posters' | 'covers'): Promise<string> => {
    const key = `images/${area}/${randomName()}.jpg`
    const cover = await images.reshape(picture, shapes.cover)
    const thumbnail = await images.reshape(cover, shapes.thumbnail)
    await blobs.put(key, cover, { contentType: 'image/jpeg' })
    await blobs.put(thumbnailKey(key), thumbnail, { contentType: 'image/jpeg' })
    return key
  }

  const deleteCover = async (key: string): Promise<void> => {
    await blobs.delete(key)
    await blobs.delete(thumbnailKey(key))
  }

  /** The cover before it goes, unless it is one of the frames. */
  const setCover = async (videoId: string, key: string): Promise<void> => {
    const before = await db.transaction(async (trx) => {
      const video = await store.findVideoById(trx, videoId)
      if (video === undefined) throw new AppError('not_found')
      await store.updateVideo(trx, videoId, { cover_key: key, updated_ms: clock.now() })
      await listing.append(trx, 'video.changed', video, {})
      return video
    })
    const isFrame = postersOf(before).includes(before.cover_key ?? '')
    if (before.cover_key !== null && before.cover_key !== key && !isFrame) await deleteCover(before.cover_key)
  }

  /** Five frames of what was made; the first is the cover unless there is one. */
  const makePosters: JobHandler = async (context) => {
    const { video_id: id } = context.job.payload as { video_id: string }
    const video = await store.findVideoById(db, id)
    const source = video?.media_key && blobs.localPath?.(`${video.media_key}/${mediaFile}`)
    if (!video || !source || !(await hasFfmpeg())) return
    const dir = join(workDir, `${context.job.id}-${context.attempt}`)
    await mkdir(dir, { recursive: true })
    const keys: string[] = []
    let isKept = false
    try {
      for (const [index, place] of places.entries()) {
        const target = join(dir, `${index}.jpg`)
        const atS = (video.duration_ms / 1000) * place
        const frame = await extractFrame({ source, target, atS, signal: context.signal })
        context.signal.throwIfAborted()
        const picture = 'failed' in frame ? undefined : await readFile(target).catch(() => undefined)
        if (picture) keys.push(await storeCover(picture, 'posters'))
        context.progress((index + 1) / places.length, 'posters')
      }
      if (keys.length === 0) return
      await db.transaction(async (trx) => {
        await context.guard(trx)
        const now = await store.findVideoById(trx, id)
        if (now?.state !== 'ready' || postersOf(now).length > 0) return
        await store.updateVideo(trx, id, {
          posters: JSON.stringify(keys),
          ...(now.cover_key === null && { cover_key: keys[0] ?? null }),
        })
        await listing.append(trx, 'video.changed', now, {})
        isKept = true
      })
    } finally {
      if (!isKept) for (const key of keys) await deleteCover(key)
      await rm(dir, { recursive: true, force: true })
    }
  }

  return {
    makePosters,
    storeCover,
    setCover,
    deleteCover,

    async list(publicId: string, caller: Caller): Promise<{ name: string; url: string }[]> {
      const video = await videos.owned(publicId, caller)
      return postersOf(video).map((key, index) => ({ name: `p${index + 1}`, url: imageUrl(key) ?? '' }))
    },

    /** Gives the video's key. Throws `not_found`. */
    async choose(publicId: string, poster: string, caller: Caller): Promise<string> {
      const video = await videos.owned(publicId, caller)
      const key = keyOfPoster(poster, postersOf(video))
      if (key === undefined) throw new AppError('not_found')
      await setCover(video.id, key)
      return video.id
    },

    /** Throws `not_found`, `image_invalid`. */
    async upload(publicId: string, picture: Buffer, caller: Caller): Promise<string> {
      const video = await videos.owned(publicId, caller)
      await setCover(video.id, await storeCover(picture, 'covers'))
      return video.id
    },

    /** The file and the frames that another file has replaced. */
    async dropMedia(before: store.VideoRow): Promise<void> {
      if (before.media_key !== null) await blobs.deletePrefix(`${before.media_key}/`)
      if (before.storyboard !== null) await blobs.deletePrefix(`${before.storyboard}/`)
      for (const key of postersOf(before)) await deleteCover(key)
    },

    /** All pictures of a video that is deleted for good. */
    async deleteAll(video: store.VideoRow): Promise<void> {
      for (const key of new Set([
        ...postersOf(video),
        ...(video.cover_key === null ? [] : [video.cover_key]),
      ]))
        await deleteCover(key)
    },
  }
}

const postersOf = (video: Pick<store.VideoRow, 'posters'>): string[] => JSON.parse(video.posters) as string[]
