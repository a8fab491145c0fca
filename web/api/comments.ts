/** Owns everything the web asks about comments; lists follow what one does. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import {
  commentOnPost,
  deleteComment,
  getComment,
  likeComment,
  listComments,
  listPostComments,
  listReplies,
  patchComment,
  pinComment,
  postComment,
  postReply,
  unlikeComment,
  unpinComment,
} from '../../contract/comment.ts'
import type { Comment, CommentedKind } from '../../contract/comment.ts'
import { call } from './client.ts'
import { nextPage, start } from './reactions.ts'

export type { Comment } from '../../contract/comment.ts'
export type CommentSort = 'hot' | 'newest'

/** A video or a post, as comments stand below it. */
export interface Commented {
  kind: CommentedKind
  id: string
}

export const commentedBy = (comment: { video_id: string | null; post_id: string | null }): Commented =>
  comment.post_id === null
    ? { kind: 'video', id: comment.video_id ?? '' }
    : { kind: 'post', id: comment.post_id }

/** What shows the number of comments. */
const countsOf = ({ kind, id }: Commented): string[][] =>
  kind === 'video' ? [['video', id]] : [['posts'], ['feed']]

/** Reads again what a comment more or less changes. */
export const useRefreshComments = () => {
  const client = useQueryClient()
  return (subject: Commented) =>
    Promise.all(
      [['comments'], ...countsOf(subject)].map((queryKey) => client.invalidateQueries({ queryKey })),
    )
}

export const useComments = (subject: () => Commented, sort: () => CommentSort) =>
  useInfiniteQuery({
    queryKey: ['comments', () => subject().kind, () => subject().id, sort],
    queryFn: ({ pageParam, signal }) => {
      const given = { params: { id: subject().id }, query: { sort: sort(), cursor: pageParam } }
      return subject().kind === 'video'
        ? call(listComments, given, { signal })
        : call(listPostComments, given, { signal })
    },
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

export const useCommentPost = (subject: () => Commented) => {
  const refresh = useRefreshComments()
  const write = (text: string, parent: string | undefined) => {
    if (parent !== undefined) return call(postReply, { params: { id: parent }, body: { text } })
    const given = { params: { id: subject().id }, body: { text } }
    return subject().kind === 'video' ? call(postComment, given) : call(commentOnPost, given)
  }
  return useMutation({
    mutationFn: ({ text, parent }: { text: string; parent?: string }) =>
      write(text, parent) as Promise<Comment>,
    onSuccess: () => refresh(subject()),
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
