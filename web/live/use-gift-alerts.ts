/** Owns which gifts shine over the picture and for how long: a combo stays one alert that counts up. */
import { onScopeDispose, shallowRef } from 'vue'
import type { Gift, GiftId } from '../api/room.ts'

export interface GiftAlert {
  key: string
  nickname: string
  gift: GiftId
  combo: number
  coins: number
  large: boolean
}

const shownMs = 5_000
const largeMs = 8_000
const most = 3
/** From so many coins on it is a big one. */
const largeCoins = 50

export const useGiftAlerts = () => {
  const alerts = shallowRef<GiftAlert[]>([])
  const timers = new Map<string, ReturnType<typeof setTimeout>>()

  const drop = (key: string): void => {
    clearTimeout(timers.get(key))
    timers.delete(key)
    alerts.value = alerts.value.filter((alert) => alert.key !== key)
  }

  const show = ({ user, gift, combo, coins }: Gift): void => {
    const key = `${user.id} ${gift}`
    const before = alerts.value.find((alert) => alert.key === key)
    const sum = (before?.coins ?? 0) + coins
    const next = { key, nickname: user.nickname, gift, combo, coins: sum, large: sum >= largeCoins }
    alerts.value = before
      ? alerts.value.map((alert) => (alert.key === key ? next : alert))
      : [...alerts.value, next]
    for (const old of alerts.value.slice(0, -most)) drop(old.key)
    clearTimeout(timers.get(key))
    timers.set(
      key,
      setTimeout(() => drop(key), next.large ? largeMs : shownMs),
    )
  }

  onScopeDispose(() => {
    for (const timer of timers.values()) clearTimeout(timer)
  })
  return { alerts, show }
}
