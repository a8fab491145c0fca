/** Owns everything the pages of administration ask. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import type { z } from 'zod'
import * as contract from '../../contract/admin.ts'
import type { DataOf, Endpoint } from '../../contract/endpoint.ts'
import { call } from './client.ts'
import type { Input } from './call.ts'

export type {
  AdminJob,
  AdminRoom,
  AdminSession,
  AdminUser,
  AdminUserDetail,
  AdminVideo,
  AuditEntry,
  ClosedRoom,
  JobState,
  SettingsAnswer,
} from '../../contract/admin.ts'
export type SettingsChange = z.input<NonNullable<(typeof contract.patchSettings)['body']>>
export type UserFilter = Omit<z.input<(typeof contract.listAdminUsers)['query'] & object>, 'limit' | 'cursor'>
export type VideoFilter = Omit<
  z.input<(typeof contract.listAdminVideos)['query'] & object>,
  'limit' | 'cursor'
>
export type AuditFilter = Omit<z.input<(typeof contract.listAudit)['query'] & object>, 'limit' | 'cursor'>

interface Listed<T> {
  items: T[]
  next_cursor: string | null
}
const start: string | undefined = undefined as string | undefined

/** A list that is asked for again while it is looked at: others change it too. */
const useList = <T>(
  name: string,
  filter: () => object,
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<Listed<T>>,
  everyMs: number | false = false,
) =>
  useInfiniteQuery({
    queryKey: ['admin', name, filter],
    queryFn: ({ pageParam, signal }) => load(pageParam, signal),
    initialPageParam: start,
    getNextPageParam: (page: Listed<T>) => page.next_cursor ?? undefined,
    refetchInterval: everyMs,
    staleTime: 2_000,
  })

export const useAdminUsers = (filter: () => UserFilter) =>
  useList('users', filter, (cursor, signal) =>
    call(contract.listAdminUsers, { query: { ...filter(), limit: 30, cursor } }, { signal }),
  )
export const useAdminVideos = (filter: () => VideoFilter) =>
  useList(
    'videos',
    filter,
    (cursor, signal) =>
      call(contract.listAdminVideos, { query: { ...filter(), limit: 30, cursor } }, { signal }),
    15_000,
  )
export const useAdminLive = () =>
  useList(
    'live',
    () => ({}),
    (cursor, signal) => call(contract.listAdminLive, { query: { limit: 30, cursor } }, { signal }),
    3_000,
  )
export const useClosedRooms = () =>
  useList(
    'closed',
    () => ({}),
    (cursor, signal) => call(contract.listClosedRooms, { query: { limit: 30, cursor } }, { signal }),
  )
export const useAdminJobs = (state: () => contract.JobState) =>
  useList(
    'jobs',
    () => ({ state: state() }),
    (cursor, signal) => call(contract.listJobs, { query: { state: state(), limit: 30, cursor } }, { signal }),
    2_000,
  )
export const useAudit = (filter: () => AuditFilter) =>
  useList('audit', filter, (cursor, signal) =>
    call(contract.listAudit, { query: { ...filter(), limit: 50, cursor } }, { signal }),
  )

export const useAdminUser = (id: () => string) =>
  useQuery({
    queryKey: ['admin', 'user', id],
    queryFn: ({ signal }) => call(contract.getAdminUser, { params: { id: id() } }, { signal }),
  })
export const useUserSessions = (id: () => string) =>
  useQuery({
    queryKey: ['admin', 'sessions', id],
    queryFn: ({ signal }) => call(contract.listUserSessions, { params: { id: id() } }, { signal }),
  })
export const useStats = () =>
  useQuery({
    queryKey: ['admin', 'stats'],
    queryFn: ({ signal }) => call(contract.getStats, {}, { signal }),
    refetchInterval: 5_000,
  })
export const useSettings = () =>
  useQuery({
    queryKey: ['admin', 'settings'],
    queryFn: ({ signal }) => call(contract.getSettings, {}, { signal }),
    staleTime: Infinity,
  })

/** Something that is done; every list of administration is asked for again then. */
const useAct = <E extends Endpoint>(endpoint: E) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (input: Input<E>): Promise<DataOf<E>> => call(endpoint, input),
    onSettled: () => client.invalidateQueries({ queryKey: ['admin'] }),
  })
}

export const useRoleChange = () => useAct(contract.putRole)
export const useBan = () => useAct(contract.putBan)
export const useUnban = () => useAct(contract.deleteBan)
export const useSessionsEnd = () => useAct(contract.deleteUserSessions)
export const useSessionEnd = () => useAct(contract.deleteUserSession)
export const useTakeDown = () => useAct(contract.takeDownVideo)
export const usePutBack = () => useAct(contract.putBackVideo)
export const useRemove = () => useAct(contract.removeVideo)
export const useRestore = () => useAct(contract.restoreAnyVideo)
export const useVideoRetry = () => useAct(contract.retryVideo)
export const useCut = () => useAct(contract.cutLive)
export const useRoomClose = () => useAct(contract.closeRoom)
export const useRoomOpen = () => useAct(contract.openRoom)
export const useJobRetry = () => useAct(contract.retryJob)
export const useJobCancel = () => useAct(contract.cancelJob)

export const useSettingsChange = () => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: SettingsChange) => call(contract.patchSettings, { body }),
    onSuccess: (answer) => {
      client.setQueryData(['admin', 'settings'], answer)
      void client.invalidateQueries({ queryKey: ['site'] })
    },
  })
}
