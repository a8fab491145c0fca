/** Owns how a video's rows look from outside. */
import type { Author } from '../../contract/user.ts'
import type { OwnVideo, Video } from '../../contract/video.ts'
import { say } from '../platform/http/language.ts'
import type { Language } from '../platform/http/language.ts'
import { isoTime } from '../user/index.ts'
import type { Addresses } from './addresses.ts'
import { failureTexts } from './failures.ts'
import { playedAs } from './rules.ts'
import { storyboardFile, wholeFileName } from './kinds.ts'
import type { ShownVideo } from './store.ts'
import type { Caption } from './tables.ts'

export interface Seen {
  author: Author
  mine: Video['mine']
  language: Language
}

export const imageUrl = (key: string | null): string | null => (key === null ? null : `/play/${key}`)

/** A cover's smaller sister lies beside it. */
export const thumbnailKey = (coverKey: string): string => coverKey.replace(/\.jpg$/, '-s.jpg')

export const toVideo = (row: ShownVideo, seen: Seen, addresses: Addresses): Video => ({
  id: row.public_id,
  title: row.title,
  intro: row.intro,
  cover_url: imageUrl(row.cover_key),
  thumbnail_url: imageUrl(row.cover_key === null ? null : thumbnailKey(row.cover_key)),
  category: row.category,
  tags: JSON.parse(row.tags) as string[],
  duration: row.duration_ms / 1000,
  width: row.width,
  height: row.height,
  create_time: isoTime(row.created_ms),
  publish_time: row.publish_ms === null ? null : isoTime(row.publish_ms),
  visibility: row.visibility,
  state: row.state,
  failure:
    row.state === 'failed' && row.failure_code !== null
      ? { code: row.failure_code, reason: say(failureTexts[row.failure_code], seen.language) }
      : null,
  live_session_id: row.live_session_id,
  author: seen.author,
  counts: {
    plays: row.plays,
    likes: row.likes,
    favourites: row.favourites,
    coins: row.coins,
    comments: row.comments,
    danmaku: row.danmaku,
    shares: row.shares,
  },
  mine: seen.mine,
  play:
    row.state === 'ready' && row.trashed === 0
      ? {
          hls: addresses.hls(row.public_id, playedAs(row)),
          storyboard:
            row.storyboard === null ? null : addresses.beside(row.public_id, playedAs(row), storyboardFile),
          captions: captionsOf(row).map(({ lang, label, name }) => ({
            lang,
            label,
            url: addresses.beside(row.public_id, playedAs(row), captionFile(name)),
          })),
        }
      : null,
})

export const captionsOf = (row: { captions: string }): Caption[] =>
  // Most have none.
  row.captions === '[]' ? [] : (JSON.parse(row.captions) as Caption[])

/** As it stands in an address. */
export const captionFile = (name: string): string => `c-${name}.vtt`

export const toOwnVideo = (row: ShownVideo, seen: Seen, addresses: Addresses): OwnVideo => ({
  ...toVideo(row, seen, addresses),
  size_bytes: row.size_bytes,
  file_url:
    row.live_session_id !== null && row.state === 'ready' && row.trashed === 0
      ? addresses.beside(row.public_id, 'private', wholeFileName)
      : null,
  delete_time: row.deleted_ms === null ? null : isoTime(row.deleted_ms),
  publish_at: row.publish_at_ms === null ? null : isoTime(row.publish_at_ms),
  taken_down: row.taken_down === 1 ? { reason: row.taken_down_reason } : null,
})
