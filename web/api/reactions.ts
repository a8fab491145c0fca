/** Owns what a viewer does with a video besides liking it; the video on the page follows each answer. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { listMyCoins } from '../../contract/coin.ts'
import {
  coinVideo,
  createFolder,
  deleteFolder,
  favouriteVideo,
  listFavourites,
  listFolders,
  renameFolder,
  shareVideo,
  tripleVideo,
  unfavouriteVideo,
} from '../../contract/video.ts'
import type { Reactions } from '../../contract/video.ts'
import { call } from './client.ts'
import type { Video } from './shapes.ts'

export const pageSize = 24
export const nextPage = (page: { next_cursor: string | null }) => page.next_cursor ?? undefined
export const start: string | undefined = undefined as string | undefined

const useReaction = <T, A extends Reactions>(id: () => string, act: (input: T) => Promise<A>) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: act,
    onSuccess: ({ mine, counts }) => {
      client.setQueriesData<Video>(
        { queryKey: ['video', id()] },
        (old) => old && { ...old, mine, counts: { ...old.counts, ...counts } },
      )
      for (const key of ['folders', 'favourites', 'coins']) void client.invalidateQueries({ queryKey: [key] })
    },
  })
}

/** Into a folder, or out with null. */
export const useFavourite = (id: () => string) =>
  useReaction(id, (folder: string | null) =>
    folder === null
      ? call(unfavouriteVideo, { params: { id: id() } })
      : call(favouriteVideo, { params: { id: id() }, query: { folder }, body: {} }),
  )
export const useCoin = (id: () => string) =>
  useReaction(id, (amount: 1 | 2) => call(coinVideo, { params: { id: id() }, body: { amount } }))
export const useTriple = (id: () => string) =>
  useReaction(id, (_: undefined) => call(tripleVideo, { params: { id: id() }, body: {} }))
export const useShare = (id: () => string) =>
  useReaction(id, (_: undefined) => call(shareVideo, { params: { id: id() }, body: {} }))

export const useCoins = (enabled: () => boolean = () => true) =>
  useInfiniteQuery({
    enabled,
    queryKey: ['coins'],
    queryFn: ({ pageParam, signal }) =>
      call(listMyCoins, { query: { limit: 40, cursor: pageParam } }, { signal }),
    initialPageParam: start,
    getNextPageParam: nextPage,
  })

export const useFolders = (video?: () => string) =>
  useQuery({
    queryKey: ['folders', video],
    queryFn: ({ signal }) => call(listFolders, { query: { video: video?.() } }, { signal }),
  })

export const useFavourites = (folder: () => string | undefined) =>
  useInfiniteQuery({
    queryKey: ['favourites', folder],
    queryFn: ({ pageParam, signal }) =>
      call(listFavourites, { query: { folder: folder(), limit: pageSize, cursor: pageParam } }, { signal }),
    initialPageParam: start,
    getNextPageParam: nextPage,
  })

const useFolderChange = <T, A>(change: (input: T) => Promise<A>) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () =>
      Promise.all(['folders', 'favourites'].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  })
}
export const useFolderCreate = () => useFolderChange((name: string) => call(createFolder, { body: { name } }))
export const useFolderRename = () =>
  useFolderChange(({ id, name }: { id: string; name: string }) =>
    call(renameFolder, { params: { id }, body: { name } }),
  )
export const useFolderDelete = () => useFolderChange((id: string) => call(deleteFolder, { params: { id } }))
/** Takes videos out of the favourites. */
export const useUnfavourite = () =>
  useFolderChange((id: string) => call(unfavouriteVideo, { params: { id } }))
