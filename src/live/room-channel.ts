/** Owns what processes tell each other about a room over the bus. */
import type { Gift } from '../../contract/gift.ts'
import type { Arrival, Raid } from '../../contract/room.ts'
import type { LiveDanmaku } from './chat.ts'
import type { Headcount } from './presence.ts'

export type RoomNews =
  /** Shown to everybody but the socket `from`, which has its own echo. */
  | { t: 'danmaku'; from: string; danmaku: LiveDanmaku }
  | { t: 'deleted'; id: string }
  /** Nothing that this user wrote before then is shown any more. */
  | { t: 'purged'; userId: string; atMs: number }
  | { t: 'gift'; gift: Gift }
  | { t: 'likes'; likes: number }
  /** This user may not write until then; null: may. */
  | { t: 'standing'; userId: string; mutedUntilMs: number | null }
  | { t: 'raid'; raid: Raid }
  | { t: 'raid_cancelled'; id: string }
  | { t: 'raided'; arrival: Arrival }
  /** The room looks different: read it again. */
  | { t: 'state' }
  /** Who watches through one process. */
  | { t: 'presence'; node: string; count: Headcount }

export const roomChannel = (roomId: string): string => `room:${roomId}`
