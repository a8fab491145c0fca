/** Owns how a danmaku's row looks from outside and how its looks are written in a row. */
import type { Danmaku } from '../../contract/danmaku.ts'
import { isoTime } from '../user/index.ts'
import type { DanmakuWithName } from './store.ts'

const modes = ['scroll', 'top', 'bottom'] as const
const sizes = ['small', 'normal', 'large'] as const

export type Looks = Pick<Danmaku, 'color' | 'mode' | 'size'>

/** `color` is `#rrggbb`, as the contract made sure. */
export const looksToRow = ({ color, mode, size }: Looks): { color: number; mode: number; size: number } => ({
  color: Number.parseInt(color.slice(1), 16),
  mode: modes.indexOf(mode),
  size: sizes.indexOf(size),
})

export const toDanmaku = (row: DanmakuWithName): Danmaku => ({
  id: row.id,
  user: { id: row.user_id, nickname: row.nickname },
  text: row.text,
  color: `#${row.color.toString(16).padStart(6, '0')}`,
  mode: modes[row.mode] ?? 'scroll',
  size: sizes[row.size] ?? 'normal',
  media_time: row.media_ms / 1000,
  sent_at: isoTime(row.sent_ms),
})
