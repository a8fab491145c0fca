/** Owns everything the web asks about rooms; the room's socket stands in live/socket.ts. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import type { z } from 'zod'
import {
  endStream,
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
