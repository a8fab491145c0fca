/** Owns everything the web asks about comments; lists follow what one does. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import {
  deleteComment,
  getComment,
  likeComment,
  listComments,
  listReplies,
  patchComment,
  pinComment,
  postComment,
  postReply,
  unlikeComment,
  unpinComment,
} from '../../contract/comment.ts'
import type { Comment } from '../../contract/comment.ts'
import { call } from './client.ts'
import { nextPage, start } from './reactions.ts'

export type { Comment } from '../../contract/comment.ts'
export type CommentSort = 'hot' | 'newest'

export const useComments = (id: () => string, sort: () => CommentSort) =>
  useInfiniteQuery({
    queryKey: ['comments', id, sort],
    queryFn: ({ pageParam, signal }) =>
      call(listComments, { params: { id: id() }, query: { sort: sort(), cursor: pageParam } }, { signal }),
    initialPageParam: start,
    getNextPageParam: nextPage,
  })

/** The thread that a link leads to. */
export const useThread = (id: () => string | undefined) =>
  useQuery({
    queryKey: ['comments', 'thread', id],
    queryFn: ({ signal }) => call(getComment, { params: { id: id() ?? '' } }, { signal }),
    enabled: () => id() !== undefined,
    retry: false,
  })

export const readReplies = (id: string, cursor: string | undefined) =>
  call(listReplies, { params: { id }, query: { limit: 20, cursor } })

const useChange = <T, A>(change: (input: T) => Promise<A>) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () => client.invalidateQueries({ queryKey: ['comments'] }),
  })
}

export const useCommentPost = (videoId: () => string) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ text, parent }: { text: string; parent?: string }): Promise<Comment> =>
      (parent === undefined
        ? call(postComment, { params: { id: videoId() }, body: { text } })
        : call(postReply, { params: { id: parent }, body: { text } })) as Promise<Comment>,
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['comments'] }),
        client.invalidateQueries({ queryKey: ['video', videoId()] }),
      ]),
  })
}
export const useCommentEdit = () =>
  useChange(({ id, text }: { id: string; text: string }) =>
    call(patchComment, { params: { id }, body: { text } }),
  )
export const removeComment = (id: string) => call(deleteComment, { params: { id } })
export const setCommentLike = (id: string, liked: boolean) =>
  liked ? call(likeComment, { params: { id }, body: {} }) : call(unlikeComment, { params: { id } })
export const useCommentPin = () =>
  useChange(({ id, pin }: { id: string; pin: boolean }) =>
    pin ? call(pinComment, { params: { id }, body: {} }) : call(unpinComment, { params: { id } }),
  )
