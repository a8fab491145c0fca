/** Owns the row types of history, watch later and playlists. */
import type { Visibility } from '../video/index.ts'

export interface WatchHistoryTable {
  user_id: string
  video_id: string
  position_ms: number
  watched_ms: number
}

/** A row for everybody who wants no history for now. */
export interface HistoryPauseTable {
  user_id: string
}

export interface WatchLaterTable {
  user_id: string
  video_id: string
  /** Sorts by the time it was added. */
  id: string
}

export interface PlaylistTable {
  id: string
  /** Random; stands in addresses. Unique. */
  public_id: string
  owner_id: string
  title: string
  intro: string
  visibility: Visibility
  /** How many there are in it. */
  videos: number
  created_ms: number
  updated_ms: number
}

export interface PlaylistItemTable {
  playlist_id: string
  video_id: string
  /** Only its order means anything; there is room between two. */
  place: number
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    watch_history: WatchHistoryTable
    history_pause: HistoryPauseTable
    watch_later: WatchLaterTable
    playlist: PlaylistTable
    playlist_item: PlaylistItemTable
  }
}
