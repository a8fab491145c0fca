/** Owns everything the web asks about rooms; the room's socket stands in live/socket.ts. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import type { z } from 'zod'
import {
  endStream,
  getMyHealth,
  getMyRoom,
  getRoom,
  listLive,
  listMutes,
  muteUser,
  patchMyRoom,
  postRoomCover,
  rotateStreamKey,
  unmuteUser,
} from '../../contract/live.ts'
import type { DataOf } from '../../contract/endpoint.ts'
import type { CategoryId, OwnRoom, Room } from './shapes.ts'
import { call } from './client.ts'

export type RoomChange = z.input<NonNullable<(typeof patchMyRoom)['body']>>

export const useLiveRooms = (filter: () => { category?: CategoryId; limit: number }) =>
  useInfiniteQuery({
    queryKey: ['live', filter],
    queryFn: ({ pageParam, signal }) =>
      call(listLive, { query: { ...filter(), cursor: pageParam } }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    // Cards promise a picture and a viewer count that are less than 30 s old.
    refetchInterval: 15_000,
  })

export const useRoom = (id: () => string, enabled: () => boolean = () => true) =>
  useQuery({
    enabled,
    queryKey: ['room', id],
    queryFn: ({ signal }): Promise<Room> => call(getRoom, { params: { id: id() } }, { signal }),
    staleTime: 5_000,
  })

/** The state of a room as the server has it now. */
export const fetchRoom = (id: string): Promise<Room> => call(getRoom, { params: { id } })

export const useMyRoom = () =>
  useQuery({
    queryKey: ['my-room'],
    queryFn: ({ signal }) => call(getMyRoom, {}, { signal }),
    staleTime: 0,
    refetchInterval: 2000,
  })

/** As far back as the server keeps it. */
const healthHistoryMs = 600_000

/** What is new after what is known already; another session begins anew. */
const joinHealth = (
  before: DataOf<typeof getMyHealth> | undefined,
  news: DataOf<typeof getMyHealth>,
): DataOf<typeof getMyHealth> => {
  if (before?.session_id !== news.session_id) return news
  const known = before.items.at(-1)?.at ?? ''
  const items = [...before.items, ...news.items.filter(({ at }) => at > known)]
  const fromMs = Date.parse(items.at(-1)?.at ?? '') - healthHistoryMs
  return { ...news, items: items.filter(({ at }) => Date.parse(at) >= fromMs) }
}

/** How the incoming stream did; after the first time only what is new is asked for. */
export const useMyHealth = (enabled: () => boolean) => {
  const client = useQueryClient()
  const queryKey = ['my-health']
  return useQuery({
    queryKey,
    enabled,
    queryFn: async ({ signal }) => {
      const before = client.getQueryData<DataOf<typeof getMyHealth>>(queryKey)
      const since = before?.items.at(-1)?.at
      return joinHealth(before, await call(getMyHealth, { query: { since } }, { signal }))
    },
    staleTime: 0,
    refetchInterval: 2000,
  })
}

const useRoomChange = <T, D>(change: (input: T) => Promise<D>) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () => client.invalidateQueries({ queryKey: ['my-room'] }),
  })
}

export const useRoomEdit = () =>
  useRoomChange((body: RoomChange): Promise<OwnRoom> => call(patchMyRoom, { body }))
export const useRoomCover = () => useRoomChange((file: Blob) => call(postRoomCover, { file }))
export const useKeyRotation = () => useRoomChange((cut: boolean) => call(rotateStreamKey, { body: { cut } }))
export const useStreamEnd = () => useRoomChange((_: void) => call(endStream, { body: {} }))

export const mute = (room: string, user: string, minutes: number) =>
  call(muteUser, { params: { id: room, user }, body: { minutes } })

export const unmute = (room: string, user: string) => call(unmuteUser, { params: { id: room, user } })

export const useMutes = (room: () => string | undefined) =>
  useQuery({
    queryKey: ['mutes', room],
    queryFn: ({ signal }) => call(listMutes, { params: { id: room() ?? '' } }, { signal }),
    enabled: () => room() !== undefined,
    refetchInterval: 15_000,
  })

export const useUnmute = () => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ room, user }: { room: string; user: string }) =>
      call(unmuteUser, { params: { id: room, user } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['mutes'] }),
  })
}
