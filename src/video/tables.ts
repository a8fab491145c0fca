/** Owns the row types of videos. Times are milliseconds UTC; `public_id` stands in addresses, `id` never leaves. */
import type { CategoryId, FailureCode, VideoLength } from '../../contract/video.ts'

export type State = 'draft' | 'processing' | 'ready' | 'failed'
export type Visibility = 'public' | 'unlisted' | 'private'

export interface VideoTable {
  id: string
  /** Random. Unique. */
  public_id: string
  owner_id: string
  title: string
  intro: string
  category: CategoryId
  /** JSON list of texts. */
  tags: string
  visibility: Visibility
  state: State
  failure_code: FailureCode | null
  /** An upload lies below `media_key`; a recording in the folder of its live session. */
  source: 'upload' | 'recording'
  duration_ms: number
  width: number | null
  height: number | null
  /** What is stored and charged to the owner. */
  size_bytes: number
  /** Bits per second of the heaviest segment. */
  bandwidth: number
  codecs: string | null
  cover_key: string | null
  /** JSON list of keys. */
  posters: string
  /** Prefix, without a slash at its end. */
  media_key: string | null
  /** Where its danmaku hang: its own for an upload, the live session for a replay. Unique. */
  timeline_id: string
  live_session_id: string | null
  /** When it first stood in lists. */
  publish_ms: number | null
  created_ms: number
  updated_ms: number
  deleted_ms: number | null
  /** 1 while `deleted_ms` is set: MySQL finds it by index, NULL it would not. */
  trashed: number
  /** 1: a moderator took it down; its owner and moderators still see it. */
  taken_down: number
  taken_down_reason: string
  /** JSON list of `Caption`. */
  captions: string
  /** Prefix of its pictures and their index, without a slash at its end. */
  storyboard: string | null
  /** When it is made public by itself; it is private until then. */
  publish_at_ms: number | null
}

/** One language of captions; its file lies below the video's own prefix. */
export interface Caption {
  lang: string
  label: string
  /** Random: a new file has a new address. */
  name: string
}

/** Counts in a narrow row of their own, changed by single statements only. */
export interface VideoCounterTable {
  video_id: string
  plays: number
  likes: number
  favourites: number
  coins: number
  comments: number
  danmaku: number
  shares: number
}

export interface VideoLikeTable {
  user_id: string
  video_id: string
  created_ms: number
}

/**
 * A row per video that stands in public lists, and only for those: lists read nothing else. `likes` and `plays` are
 * copied from the counters about once a second, so that a like moves six index entries at most once a second.
 */
export interface VideoRankTable {
  video_id: string
  owner_id: string
  category: string
  publish_ms: number
  likes: number
  plays: number
  /** What `hotKey` makes of a time; plays and reactions raise it. */
  hot: number
  length: VideoLength
}

/** A row per tag of a video that stands in public lists. */
export interface VideoTagTable {
  /** Lower case. */
  tag: string
  publish_ms: number
  video_id: string
}

export interface VideoCoinTable {
  user_id: string
  video_id: string
  /** 1 or 2. */
  amount: number
}

export interface VideoShareTable {
  user_id: string
  video_id: string
  created_ms: number
}

/** A user's folder; `default` is made with the first favourite. */
export interface FavouriteFolderTable {
  id: string
  owner_id: string
  name: string
  /** How many videos lie in it. */
  videos: number
  created_ms: number
}

/** A video lies in one folder of a user at most. */
export interface VideoFavouriteTable {
  user_id: string
  video_id: string
  folder_id: string
  /** Sorts by the time it was kept. */
  id: string
}

/** A word that stands in a listed video, and how much it says about it. */
export interface SearchTermTable {
  term: string
  video_id: string
  weight: number
}

/** What people looked for and found, by its lower case. */
export interface SearchQueryTable {
  query: string
  text: string
  /** As in `video_rank`. */
  hot: number
}

/** From the first byte to the end of processing. */
export interface VideoUploadTable {
  /** Random; also the name of its file. */
  id: string
  /** Unique. */
  video_id: string
  owner_id: string
  /** As declared, and charged. */
  size_bytes: number
  /** JSON, as HEAD gives it back. */
  metadata: string
  /** 1: the upload made its video, which goes with it if it never ends. */
  made_video: number
  /** 1: it takes the place of what a ready video plays, which goes on playing until then. */
  replaces: number
  created_ms: number
  expires_ms: number
  finished_ms: number | null
}

/** `used_bytes` is the sum of `video.size_bytes` and `video_upload.size_bytes`, kept by conditional updates. */
export interface VideoStorageTable {
  owner_id: string
  used_bytes: number
  open_uploads: number
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    video: VideoTable
    video_counter: VideoCounterTable
    video_like: VideoLikeTable
    video_rank: VideoRankTable
    video_tag: VideoTagTable
    video_coin: VideoCoinTable
    video_share: VideoShareTable
    favourite_folder: FavouriteFolderTable
    video_favourite: VideoFavouriteTable
    search_term: SearchTermTable
    search_query: SearchQueryTable
    video_upload: VideoUploadTable
    video_storage: VideoStorageTable
  }
}
