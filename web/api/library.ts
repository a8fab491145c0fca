/** Owns everything the web asks about history, watch later and playlists. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import type { z } from 'zod'
import {
  addPlaylistVideo,
  addWatchLater,
  clearHistory,
  createPlaylist,
  deletePlaylist,
  getPlaylist,
  getProgress,
  listHistory,
  listMyPlaylists,
  listPlaylistVideos,
  listWatchLater,
  movePlaylistVideo,
  patchHistory,
  patchPlaylist,
  removePlaylistVideo,
  removeWatchLater,
} from '../../contract/library.ts'
import { call } from './client.ts'
import { nextPage, pageSize, start } from './reactions.ts'

export type { Playlist } from '../../contract/library.ts'
export type { Kept } from '../../contract/video.ts'
type PlaylistChange = z.input<NonNullable<(typeof patchPlaylist)['body']>>

export const useHistory = () =>
  useInfiniteQuery({
    queryKey: ['history'],
    queryFn: ({ pageParam, signal }) =>
      call(listHistory, { query: { limit: pageSize, cursor: pageParam } }, { signal }),
    initialPageParam: start,
    getNextPageParam: nextPage,
    staleTime: 0,
  })

export const useWatchLater = () =>
  useInfiniteQuery({
    queryKey: ['watch-later'],
    queryFn: ({ pageParam, signal }) =>
      call(listWatchLater, { query: { limit: pageSize, cursor: pageParam } }, { signal }),
    initialPageParam: start,
    getNextPageParam: nextPage,
  })

export const useMyPlaylists = (video?: () => string) =>
  useInfiniteQuery({
    queryKey: ['my-playlists', video],
    queryFn: ({ pageParam, signal }) =>
      call(listMyPlaylists, { query: { limit: 50, cursor: pageParam, video: video?.() } }, { signal }),
    initialPageParam: start,
    getNextPageParam: nextPage,
  })

export const usePlaylist = (id: () => string | undefined) =>
  useQuery({
    queryKey: ['playlist', id],
    queryFn: ({ signal }) => call(getPlaylist, { params: { id: id() ?? '' } }, { signal }),
    enabled: () => id() !== undefined,
  })

export const usePlaylistVideos = (id: () => string | undefined) =>
  useInfiniteQuery({
    queryKey: ['playlist-videos', id],
    queryFn: ({ pageParam, signal }) =>
      call(
        listPlaylistVideos,
        { params: { id: id() ?? '' }, query: { limit: 100, cursor: pageParam } },
        { signal },
      ),
    initialPageParam: start,
    getNextPageParam: nextPage,
    enabled: () => id() !== undefined,
  })

/** Where somebody who is signed in stopped; from this or another device. */
export const readProgress = (id: string) => call(getProgress, { params: { id } })

export const useProgress = (id: () => string, enabled: () => boolean) =>
  useQuery({
    queryKey: ['progress', id],
    queryFn: ({ signal }) => call(getProgress, { params: { id: id() } }, { signal }),
    enabled,
  })

const useChange = <T, A>(keys: readonly string[], change: (input: T) => Promise<A>) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () => Promise.all(keys.map((key) => client.invalidateQueries({ queryKey: [key] }))),
  })
}
const playlistKeys = ['my-playlists', 'playlist', 'playlist-videos']

/** One video, or all without. */
export const useHistoryClear = () =>
  useChange(['history'], (video: string | undefined) => call(clearHistory, { query: { video } }))
export const useHistoryPause = () =>
  useChange(['history'], (paused: boolean) => call(patchHistory, { body: { paused } }))
export const useLater = () =>
  useChange(['watch-later', 'progress'], ({ id, later }: { id: string; later: boolean }) =>
    later ? call(addWatchLater, { body: { video_id: id } }) : call(removeWatchLater, { params: { id } }),
  )
export const usePlaylistCreate = () =>
  useChange(playlistKeys, (body: z.input<NonNullable<(typeof createPlaylist)['body']>>) =>
    call(createPlaylist, { body }),
  )
export const usePlaylistEdit = () =>
  useChange(playlistKeys, ({ id, ...body }: PlaylistChange & { id: string }) =>
    call(patchPlaylist, { params: { id }, body }),
  )
export const usePlaylistDelete = () =>
  useChange(playlistKeys, (id: string) => call(deletePlaylist, { params: { id } }))
export const usePlaylistHold = () =>
  useChange(playlistKeys, ({ id, video, holds }: { id: string; video: string; holds: boolean }) =>
    holds
      ? call(addPlaylistVideo, { params: { id, video_id: video }, body: {} })
      : call(removePlaylistVideo, { params: { id, video_id: video } }),
  )
export const usePlaylistMove = () =>
  useChange(playlistKeys, ({ id, video, after }: { id: string; video: string; after: string | null }) =>
    call(movePlaylistVideo, { params: { id, video_id: video }, body: { after } }),
  )
