/** Owns who may speak in a room by its rules: slow mode, followers only, refused words. They bind neither owner nor moderators. */
import { holdsOneOf } from '../site/index.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { UserService } from '../user/index.ts'
import type { RoomNow } from './room-hub.ts'

interface Deps {
  kv: Kv
  clock: Clock
  users: Pick<UserService, 'followedSince'>
}

export const createSpeech = ({ kv, clock, users }: Deps) => {
  const assertFollows = async (ownerId: string, userId: string, minutes: number): Promise<void> => {
    const sinceMs = await users.followedSince(userId, ownerId)
    if (sinceMs === undefined) throw new AppError('followers_only')
    const leftS = Math.ceil((sinceMs + minutes * 60_000 - clock.now()) / 1000)
    if (leftS <= 0) return
    const params = { minutes: String(minutes), seconds: String(leftS) }
    throw new AppError('followers_wait', { params, retryAfterS: leftS })
  }

  /** Gives back a way to take the turn back. */
  const takeTurn = async (roomId: string, userId: string, seconds: number): Promise<() => Promise<void>> => {
    const key = `slow:${roomId}:${userId}`
    const until = clock.now() + seconds * 1000
    if (await kv.setIfAbsent(key, String(until), seconds * 1000)) return () => kv.delete(key)
    const leftS = Math.max(1, Math.ceil((Number(await kv.get(key)) - clock.now()) / 1000)) || 1
    throw new AppError('slow_mode', { params: { seconds: String(leftS) }, retryAfterS: leftS })
  }

  return {
    /**
     * Throws `followers_only`, `followers_wait`, `text_refused`, `slow_mode`, each with the time to wait. What it
     * gives back undoes the turn in slow mode, for a message that was refused after all.
     */
    async assertMay(
      roomId: string,
      room: RoomNow,
      userId: string,
      text: string,
    ): Promise<() => Promise<void>> {
      const { rules, words } = room.order
      if (rules.followers_minutes !== null) await assertFollows(room.ownerId, userId, rules.followers_minutes)
      if (holdsOneOf(text, words)) throw new AppError('text_refused')
      return rules.slow_seconds > 0 ? takeTurn(roomId, userId, rules.slow_seconds) : () => Promise.resolve()
    },
  }
}
