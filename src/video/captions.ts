/** Owns captions of a video: a file per language, stored as plain WebVTT. */
import { maxCaptions } from '../../contract/caption.ts'
import type { Blobs } from '../platform/blob/blob.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import { randomName } from '../platform/ids/ids.ts'
import { readCues, writeVtt } from './caption-text.ts'
import type { Listing } from './listing.ts'
import type { Videos } from './service.ts'
import * as store from './store.ts'
import type { Caption } from './tables.ts'
import { captionsOf } from './view.ts'

interface Deps {
  db: Db
  clock: Clock
  blobs: Blobs
  listing: Listing
  videos: Videos
}

export const captionKey = (publicId: string, name: string): string =>
  `videos/${publicId}/captions/${name}.vtt`

export const createCaptions = ({ db, clock, blobs, listing, videos }: Deps) => {
  /** Replaces the list; gives what is not in it any more. */
  const change = async (
    publicId: string,
    caller: Caller,
    to: (before: Caption[]) => Caption[],
  ): Promise<{ rowId: string; gone: Caption[] }> =>
    db.transaction(async (trx) => {
      const video = await videos.owned(publicId, caller, { q: trx })
      const before = captionsOf(video)
      const after = to(before)
      await store.updateVideo(trx, video.id, { captions: JSON.stringify(after), updated_ms: clock.now() })
      await listing.append(trx, 'video.changed', video, {})
      const names = new Set(after.map(({ name }) => name))
      return { rowId: video.id, gone: before.filter(({ name }) => !names.has(name)) }
    })

  const drop = async (publicId: string, gone: readonly Caption[]): Promise<void> => {
    for (const { name } of gone) await blobs.delete(captionKey(publicId, name))
  }

  return {
    /** Gives the video's key. Throws `not_found`, `caption_invalid`, `too_many`. */
    async put(
      publicId: string,
      given: { lang: string; label: string | undefined; file: Uint8Array },
      caller: Caller,
    ): Promise<string> {
      await videos.owned(publicId, caller)
      const [lang = ''] = Intl.getCanonicalLocales(given.lang)
      const cues = readCues(given.file)
      if (cues.length === 0) throw new AppError('caption_invalid')
      const name = randomName()
      await blobs.put(captionKey(publicId, name), Buffer.from(writeVtt(cues)), { contentType: 'text/vtt' })
      const label = given.label || (new Intl.DisplayNames([lang], { type: 'language' }).of(lang) ?? lang)
      try {
        const { rowId, gone } = await change(publicId, caller, (before) => {
          const others = before.filter((caption) => caption.lang !== lang)
          if (others.length >= maxCaptions) throw new AppError('too_many')
          return [...others, { lang, label: label.slice(0, 30), name }]
        })
        await drop(publicId, gone)
        return rowId
      } catch (error) {
        await blobs.delete(captionKey(publicId, name))
        throw error
      }
    },

    /** Gives the video's key. Throws `not_found`. */
    async remove(publicId: string, lang: string, caller: Caller): Promise<string> {
      const { rowId, gone } = await change(publicId, caller, (before) => {
        const after = before.filter((caption) => caption.lang.toLowerCase() !== lang.toLowerCase())
        if (after.length === before.length) throw new AppError('not_found')
        return after
      })
      await drop(publicId, gone)
      return rowId
    },
  }
}
