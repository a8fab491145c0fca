/** Owns what somebody who joins a room is shown of before: the last danmaku and gifts, without what was taken back. */
import type { Gift } from '../../contract/gift.ts'
import type { LiveDanmaku } from './chat.ts'

const keptDanmaku = 50
const keptGifts = 20
const keptDeleted = 500

export const createRoomHistory = () => {
  let danmaku: LiveDanmaku[] = []
  let gifts: Gift[] = []
  const deleted = new Set<string>()
  /** Whom a purge hit, and when: news of before may still come from other processes. */
  const purged = new Map<string, number>()

  const isGone = ({ id, user, sent_at: at }: Pick<LiveDanmaku, 'id' | 'user' | 'sent_at'>): boolean =>
    deleted.has(id) || Date.parse(at) <= (purged.get(user.id) ?? Number.NEGATIVE_INFINITY)

  /** Ids sort by time; between processes news may overtake each other a little. */
  const added = <T extends { id: string }>(list: T[], item: T, most: number): T[] =>
    list.some(({ id }) => id === item.id)
      ? list
      : [...list, item].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(-most)

  return {
    isGone,
    danmaku: (): LiveDanmaku[] => danmaku,
    gifts: (): Gift[] => gifts,
    addDanmaku(item: LiveDanmaku): void {
      if (!isGone(item)) danmaku = added(danmaku, item, keptDanmaku)
    },
    addGift(item: Gift): void {
      gifts = added(gifts, item, keptGifts)
    },
    forget(id: string): void {
      deleted.add(id)
      if (deleted.size > keptDeleted) deleted.delete([...deleted][0] ?? '')
      danmaku = danmaku.filter((item) => item.id !== id)
    },
    purge(userId: string, atMs: number): void {
      purged.set(userId, atMs)
      if (purged.size > keptDeleted) purged.delete([...purged.keys()][0] ?? '')
      danmaku = danmaku.filter((item) => item.user.id !== userId)
    },
    /** A new session has its own. */
    clear(): void {
      danmaku = []
      gifts = []
    },
  }
}
