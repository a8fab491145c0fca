/** Owns how people stand to each other: following, blocking, the lists of both. What one did shows everywhere at once. */
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/vue-query'
import { reactive } from 'vue'
import {
  blockUser,
  followUser,
  listBlocks,
  listFollowers,
  listFollowing,
  unblockUser,
  unfollowUser,
} from '../../contract/user.ts'
import type { Relation } from '../../contract/user.ts'
import { call } from './client.ts'
import { onSessionChange } from './session.ts'

export type { Person } from '../../contract/user.ts'

const pageSize = 30
const nextPage = (page: { next_cursor: string | null }) => page.next_cursor ?? undefined
const start: string | undefined = undefined as string | undefined

/** What was done on this page; newer than whatever a list was loaded with. */
const done = reactive(new Map<string, Relation>())
onSessionChange(() => done.clear())

export const relationOf = (id: string): Relation | undefined => done.get(id)

const changes = {
  follow: (id: string) => call(followUser, { params: { id }, body: {} }),
  follow_closely: (id: string) => call(followUser, { params: { id }, body: { special: true } }),
  follow_plainly: (id: string) => call(followUser, { params: { id }, body: { special: false } }),
  unfollow: (id: string) => call(unfollowUser, { params: { id } }),
  block: (id: string) => call(blockUser, { params: { id }, body: {} }),
  unblock: (id: string) => call(unblockUser, { params: { id } }),
} as const
export type RelationChange = keyof typeof changes

export const useRelation = (id: () => string) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (change: RelationChange) => changes[change](id()),
    onSuccess: (relation) => {
      done.set(id(), relation)
      for (const key of ['user', 'people', 'feed', 'talk', 'blocks'])
        void client.invalidateQueries({ queryKey: [key] })
    },
  })
}

export const usePeople = (which: () => 'followers' | 'following', id: () => string | undefined) =>
  useInfiniteQuery({
    queryKey: ['people', which, id],
    queryFn: ({ pageParam, signal }) =>
      call(
        which() === 'followers' ? listFollowers : listFollowing,
        { params: { id: id() ?? '' }, query: { limit: pageSize, cursor: pageParam } },
        { signal },
      ),
    initialPageParam: start,
    getNextPageParam: nextPage,
    enabled: () => id() !== undefined,
  })

export const useBlocks = () =>
  useInfiniteQuery({
    queryKey: ['blocks'],
    queryFn: ({ pageParam, signal }) =>
      call(listBlocks, { query: { limit: pageSize, cursor: pageParam } }, { signal }),
    initialPageParam: start,
    getNextPageParam: nextPage,
  })
