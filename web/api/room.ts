/** Owns what the web asks about order and life in rooms: rules, moderators, gifts, announced broadcasts, raids. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import type { z } from 'zod'
import { listSupporters, sendGift } from '../../contract/gift.ts'
import type { GiftId } from '../../contract/gift.ts'
import {
  appointModerator,
  banUser,
  cancelRaid,
  dismissModerator,
  getRoomRules,
  liftBan,
  listBans,
  listModerators,
  patchRoomRules,
  pinMessage,
  purgeUser,
  startRaid,
  unpinMessage,
} from '../../contract/room.ts'
import {
  announceBroadcast,
  cancelBroadcast,
  forgetReminder,
  listRoomSchedule,
  listSchedule,
  remindMe,
} from '../../contract/schedule.ts'
import { call } from './client.ts'

export { giftCounts, giftPrices } from '../../contract/gift.ts'
export type { Gift, GiftId } from '../../contract/gift.ts'
export type { Arrival, Pinned, Raid, RoomRules } from '../../contract/room.ts'
export type { Scheduled } from '../../contract/schedule.ts'

export type RulesChange = z.input<NonNullable<(typeof patchRoomRules)['body']>>

export const useRules = (room: () => string, enabled: () => boolean = () => true) =>
  useQuery({
    queryKey: ['room-rules', room],
    queryFn: ({ signal }) => call(getRoomRules, { params: { id: room() } }, { signal }),
    enabled,
  })

export const useRulesChange = (room: () => string) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: RulesChange) => call(patchRoomRules, { params: { id: room() }, body }),
    onSuccess: () => {
      for (const key of ['room-rules', 'my-room']) void client.invalidateQueries({ queryKey: [key] })
    },
  })
}
export const changeRules = (room: string, body: RulesChange) =>
  call(patchRoomRules, { params: { id: room }, body })

export const useModerators = (room: () => string) =>
  useQuery({
    queryKey: ['moderators', room],
    queryFn: ({ signal }) => call(listModerators, { params: { id: room() } }, { signal }),
  })
export const useBans = (room: () => string) =>
  useQuery({
    queryKey: ['bans', room],
    queryFn: ({ signal }) => call(listBans, { params: { id: room() } }, { signal }),
  })

export const appoint = (room: string, user: string) =>
  call(appointModerator, { params: { id: room, user }, body: {} })
export const dismiss = (room: string, user: string) => call(dismissModerator, { params: { id: room, user } })
export const ban = (room: string, user: string) => call(banUser, { params: { id: room, user }, body: {} })
export const lift = (room: string, user: string) => call(liftBan, { params: { id: room, user } })
export const purge = (room: string, user: string) => call(purgeUser, { params: { id: room, user }, body: {} })
export const pin = (room: string, what: { danmaku_id: string } | { text: string }) =>
  call(pinMessage, { params: { id: room }, body: what })
export const unpin = (room: string) => call(unpinMessage, { params: { id: room } })

export const useGiving = (room: () => string) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: { gift: GiftId; count: number; client_id: string }) =>
      call(sendGift, { params: { id: room() }, body }),
    onSuccess: () => {
      for (const key of ['coins', 'supporters']) void client.invalidateQueries({ queryKey: [key] })
    },
  })
}
export const useSupporters = (room: () => string, scope: () => 'session' | 'all') =>
  useQuery({
    queryKey: ['supporters', room, scope],
    queryFn: ({ signal }) =>
      call(listSupporters, { params: { id: room() }, query: { scope: scope() } }, { signal }),
    refetchInterval: 20_000,
  })

export const useRoomSchedule = (room: () => string | undefined) =>
  useQuery({
    queryKey: ['schedule', room],
    queryFn: ({ signal }) => call(listRoomSchedule, { params: { id: room() ?? '' } }, { signal }),
    enabled: () => room() !== undefined,
  })
export const useSchedule = () =>
  useQuery({
    queryKey: ['schedule'],
    queryFn: ({ signal }) => call(listSchedule, { query: { limit: 8 } }, { signal }),
    staleTime: 30_000,
  })

const useScheduleChange = <T, D>(change: (input: T) => Promise<D>) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () => client.invalidateQueries({ queryKey: ['schedule'] }),
  })
}
export const useReminder = () =>
  useScheduleChange(({ id, on }: { id: string; on: boolean }) =>
    on ? call(remindMe, { params: { id }, body: {} }) : call(forgetReminder, { params: { id } }),
  )
export const useAnnounce = () =>
  useScheduleChange((body: { title: string; starts_at: string }) => call(announceBroadcast, { body }))
export const useCallOff = () => useScheduleChange((id: string) => call(cancelBroadcast, { params: { id } }))

export const raid = (room: string, end: boolean) => call(startRaid, { body: { room_id: room, end } })
export const callOffRaid = () => call(cancelRaid, {})
