/** Owns what the web asks about the feed and posts. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import {
  createPost,
  deletePost,
  getFeed,
  getPost,
  likePost,
  listUserPosts,
  unlikePost,
  uploadPostPicture,
} from '../../contract/feed.ts'
import type { FeedKind } from '../../contract/feed.ts'
import { call } from './client.ts'

export { maxPostPictures, maxPostText } from '../../contract/feed.ts'
export type { FeedItem, FeedKind, Post, PostPicture } from '../../contract/feed.ts'

const pageSize = 20
const nextPage = (page: { next_cursor: string | null }) => page.next_cursor ?? undefined
const start: string | undefined = undefined as string | undefined

export const useFeed = (kind: () => FeedKind | undefined) =>
  useInfiniteQuery({
    queryKey: ['feed', kind],
    queryFn: ({ pageParam, signal }) =>
      call(getFeed, { query: { kind: kind(), limit: pageSize, cursor: pageParam } }, { signal }),
    initialPageParam: start,
    getNextPageParam: nextPage,
  })

export const useUserPosts = (id: () => string | undefined) =>
  useInfiniteQuery({
    queryKey: ['posts', id],
    queryFn: ({ pageParam, signal }) =>
      call(
        listUserPosts,
        { params: { id: id() ?? '' }, query: { limit: pageSize, cursor: pageParam } },
        { signal },
      ),
    initialPageParam: start,
    getNextPageParam: nextPage,
    enabled: () => id() !== undefined,
  })

export const sendPicture = (file: Blob) => call(uploadPostPicture, { file })

const usePostChange = <In, Out>(change: (input: In) => Promise<Out>) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () =>
      Promise.all(['feed', 'posts'].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  })
}
export const usePostCreate = () =>
  usePostChange((body: { text: string; pictures: string[] }) => call(createPost, { body }))
export const usePostDelete = () => usePostChange((id: string) => call(deletePost, { params: { id } }))

export const setPostLike = (id: string, like: boolean) =>
  like ? call(likePost, { params: { id }, body: {} }) : call(unlikePost, { params: { id } })

export const usePost = (id: () => string) =>
  useQuery({
    queryKey: ['posts', 'one', id],
    queryFn: ({ signal }) => call(getPost, { params: { id: id() } }, { signal }),
  })
