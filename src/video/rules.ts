/** Owns pure rules on videos: what is listed, who sees what. */
import type { z } from 'zod'
import type { CategoryId, VideoLength, listVideos } from '../../contract/video.ts'
import type { Caller } from '../platform/http/route.ts'
import { publicId, sortableId } from '../platform/ids/ids.ts'
import type { VideoRow } from './store.ts'

type Shown = Pick<VideoRow, 'visibility' | 'state' | 'trashed' | 'taken_down' | 'owner_id'>

/** Does it stand in public lists? */
export const isListed = (video: Shown): boolean =>
  video.visibility === 'public' && video.state === 'ready' && video.trashed === 0 && video.taken_down === 0

/**
 * May this caller know of it? Its owner may while it is not deleted; others when it is ready and not private. What a
 * moderator took down is seen by its owner and by moderators.
 */
export const maySee = (
  video: Shown,
  caller: (Pick<Caller, 'userId'> & Partial<Pick<Caller, 'role'>>) | undefined,
): boolean => {
  if (video.trashed === 1) return false
  if (caller?.userId === video.owner_id) return true
  if (video.taken_down === 1 && caller?.role !== 'moderator' && caller?.role !== 'admin') return false
  return video.state === 'ready' && video.visibility !== 'private'
}

/** As what its bytes are handed out: those of a video that was taken down only by a signed address. */
export const playedAs = (video: Pick<VideoRow, 'visibility' | 'taken_down'>): VideoRow['visibility'] =>
  video.taken_down === 1 ? 'private' : video.visibility

export type NewVideo = Pick<VideoRow, 'owner_id' | 'title'> & Partial<VideoRow>

/** A draft's row with every column. */
export const newVideoRow = (given: NewVideo, nowMs: number): VideoRow => {
  const id = sortableId(nowMs)
  return {
    id,
    public_id: publicId(),
    intro: '',
    category: 'other',
    tags: '[]',
    visibility: 'public',
    state: 'draft',
    failure_code: null,
    source: 'upload',
    duration_ms: 0,
    width: null,
    height: null,
    size_bytes: 0,
    bandwidth: 0,
    codecs: null,
    cover_key: null,
    posters: '[]',
    media_key: null,
    timeline_id: id,
    live_session_id: null,
    publish_ms: null,
    created_ms: nowMs,
    updated_ms: nowMs,
    deleted_ms: null,
    trashed: 0,
    taken_down: 0,
    taken_down_reason: '',
    captions: '[]',
    storyboard: null,
    publish_at_ms: null,
    ...given,
  }
}

export const lengthOf = (durationMs: number): VideoLength =>
  durationMs <= 5 * 60_000 ? 'short' : durationMs <= 20 * 60_000 ? 'medium' : 'long'

export const tagKey = (tag: string): string => tag.toLowerCase()

const hotFromMs = Date.UTC(2026, 0, 1)
const hotHalfLifeMs = 24 * 3600_000
/** The unit of a hot key: the score's binary logarithm, in billionths. */
export const hotUnit = 1e9

/**
 * Forward decay: a sign of interest of `weight` at `atMs` is worth weight · 2^(age of the era in days), so that
 * nothing ever has to be counted down. Kept as a logarithm, since the worth itself would overflow in three years.
 */
export const hotKey = (atMs: number, weight = 1): number =>
  Math.round(((atMs - hotFromMs) / hotHalfLifeMs + Math.log2(weight)) * hotUnit)

export const hotWeights = {
  plays: 1,
  likes: 4,
  danmaku: 2,
  comments: 4,
  favourites: 6,
  coins: 8,
  shares: 6,
} as const

export interface ListFilter {
  sort?: z.output<NonNullable<typeof listVideos.query>>['sort']
  category?: CategoryId | undefined
  user?: string | undefined
  length?: VideoLength | undefined
  tag?: string | undefined
}

/**
 * Which filters may stand together in a list, since each needs its index: category, user or length with any order
 * (category and user together along the user's index), tag with newest. A search takes them all.
 */
export const isListable = ({ sort = 'newest', category, user, length, tag }: ListFilter): boolean => {
  if (tag !== undefined)
    return sort === 'newest' && category === undefined && user === undefined && length === undefined
  return length === undefined || (category === undefined && user === undefined)
}
