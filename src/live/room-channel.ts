/** Owns what processes tell each other about a room over the bus. */
import type { LiveDanmaku } from './chat.ts'

export type RoomNews =
  /** Shown to everybody but the socket `from`, which has its own echo. */
  | { t: 'danmaku'; from: string; danmaku: LiveDanmaku }
  | { t: 'deleted'; id: string }
  /** The room looks different: read it again. */
  | { t: 'state' }
  /** How many watch through one process. */
  | { t: 'presence'; node: string; count: number }

export const roomChannel = (roomId: string): string => `room:${roomId}`
