/** Owns everything the web asks about videos. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import type { z } from 'zod'
import {
  choosePoster,
  deleteVideo,
  getMyStorage,
  getVideo,
  getVideoJob,
  likeVideo,
  listMyVideos,
  listPosters,
  listUserVideos,
  listVideos,
  patchVideo,
  playVideo,
  relatedVideos,
  restoreVideo,
  unlikeVideo,
  uploadCover,
} from '../../contract/video.ts'
import type { CategoryId, OwnVideo, Video, VideoJob } from './shapes.ts'
import { call } from './client.ts'

export type VideoSort = 'hot' | 'newest' | 'likes' | 'plays'
export type VideoChange = z.input<NonNullable<(typeof patchVideo)['body']>>
const pageSize = 24

const nextPage = (page: { next_cursor: string | null }) => page.next_cursor ?? undefined
const start: string | undefined = undefined as string | undefined

export const useVideos = (filter: () => { category?: CategoryId; sort: VideoSort }) =>
  useInfiniteQuery({
    queryKey: ['videos', filter],
    queryFn: ({ pageParam, signal }) =>
      call(listVideos, { query: { ...filter(), limit: pageSize, cursor: pageParam } }, { signal }),
    initialPageParam: start,
    getNextPageParam: nextPage,
  })

export const useUserVideos = (id: () => string | undefined) =>
  useInfiniteQuery({
    queryKey: ['user-videos', id],
    queryFn: ({ pageParam, signal }) =>
      call(
        listUserVideos,
        { params: { id: id() ?? '' }, query: { limit: pageSize, cursor: pageParam } },
        { signal },
      ),
    initialPageParam: start,
    getNextPageParam: nextPage,
    enabled: () => id() !== undefined,
  })

export const useMyVideos = (trash: () => boolean) =>
  useInfiniteQuery({
    queryKey: ['my-videos', trash],
    queryFn: ({ pageParam, signal }) =>
      call(listMyVideos, { query: { trash: trash(), limit: pageSize, cursor: pageParam } }, { signal }),
    initialPageParam: start,
    getNextPageParam: nextPage,
    // While something is being processed its badge follows.
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.items.some((v: OwnVideo) => v.state === 'processing'))
        ? 4000
        : false,
  })

export const useMyStorage = () =>
  useQuery({ queryKey: ['my-storage'], queryFn: ({ signal }) => call(getMyStorage, {}, { signal }) })

export const useVideo = (id: () => string, enabled: () => boolean = () => true) =>
  useQuery({
    queryKey: ['video', id],
    queryFn: ({ signal }) => call(getVideo, { params: { id: id() } }, { signal }),
    enabled,
    staleTime: 60_000,
    refetchInterval: ({ state }) => {
      if (state.data?.state === 'processing') return 4000
      // Pictures are taken a moment after a video can be played.
      return state.data?.state === 'ready' && !state.data.cover_url && state.dataUpdateCount < 10
        ? 3000
        : false
    },
  })

export const useRelated = (id: () => string) =>
  useQuery({
    queryKey: ['related', id],
    queryFn: ({ signal }) => call(relatedVideos, { params: { id: id() } }, { signal }),
    staleTime: 60_000,
  })

/** Follows the processing of one's own video: every second at first, then slower. */
export const useVideoJob = (id: () => string | undefined, enabled: () => boolean) =>
  useQuery({
    queryKey: ['video-job', id],
    queryFn: ({ signal }): Promise<VideoJob> => call(getVideoJob, { params: { id: id() ?? '' } }, { signal }),
    enabled: () => enabled() && id() !== undefined,
    staleTime: 0,
    refetchInterval: ({ state }) =>
      state.data?.state === 'done' || state.data?.state === 'failed'
        ? false
        : Math.min(2000, 1000 + state.dataUpdateCount * 50),
  })

/** Counts a play and says where the playhead is. */
export const sendPlay = (id: string, position: number): Promise<null> =>
  call(playVideo, { params: { id }, body: { position } })

/** Likes or takes it back; the heart answers at once and returns when the server says no. */
export const useLike = (id: () => string) => {
  const client = useQueryClient()
  const key = () => ['video', id()]
  const set = (liked: boolean, likes: (old: number) => number) =>
    client.setQueriesData<Video>(
      { queryKey: key() },
      (old) =>
        old && {
          ...old,
          mine: { ...old.mine, liked },
          counts: { ...old.counts, likes: likes(old.counts.likes) },
        },
    )
  return useMutation({
    mutationFn: (like: boolean) =>
      like
        ? call(likeVideo, { params: { id: id() }, body: {} })
        : call(unlikeVideo, { params: { id: id() } }),
    onMutate: (like) => set(like, (old) => Math.max(0, old + (like ? 1 : -1))),
    onError: (_error, like) => set(!like, (old) => Math.max(0, old + (like ? -1 : 1))),
    onSuccess: (answer) => set(answer.liked, () => answer.likes),
  })
}

const useOwnChange = <T>(change: (input: T) => Promise<OwnVideo | null>) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () =>
      Promise.all(
        ['my-videos', 'video', 'videos', 'user-videos', 'my-storage'].map((key) =>
          client.invalidateQueries({ queryKey: [key] }),
        ),
      ),
  })
}

export const useVideoEdit = () =>
  useOwnChange(({ id, ...body }: VideoChange & { id: string }) => call(patchVideo, { params: { id }, body }))
export const useVideoDelete = () => useOwnChange((id: string) => call(deleteVideo, { params: { id } }))
export const useVideoRestore = () => useOwnChange((id: string) => call(restoreVideo, { params: { id } }))
export const usePosterChoice = () =>
  useOwnChange(({ id, poster }: { id: string; poster: string }) =>
    call(choosePoster, { params: { id }, body: { poster } }),
  )
export const useCoverUpload = () =>
  useOwnChange(({ id, file }: { id: string; file: Blob }) => call(uploadCover, { params: { id }, file }))

export const usePosters = (id: () => string | undefined) =>
  useQuery({
    queryKey: ['posters', id],
    queryFn: ({ signal }) => call(listPosters, { params: { id: id() ?? '' } }, { signal }),
    enabled: () => id() !== undefined,
    staleTime: 60_000,
    refetchInterval: ({ state }) =>
      state.data?.items.length === 0 && state.dataUpdateCount < 10 ? 3000 : false,
  })
