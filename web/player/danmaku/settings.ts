/** Owns how somebody wants to see danmaku, and with which style they write; kept in the browser. */
import { useLocalStorage } from '@vueuse/core'

export interface DanmakuSettings {
  on: boolean
  /** 0.1 to 1. */
  opacity: number
  /** Factor on the font size, 0.6 to 1.6. */
  scale: number
  /** Share of the picture's height. */
  area: 0.25 | 0.5 | 1
  density: 'low' | 'normal' | 'high'
  /** Factor on the speed, 0.6 to 1.6. */
  speed: number
}

export interface DanmakuStyle {
  color: string
  mode: 'scroll' | 'top' | 'bottom'
  size: 'small' | 'normal' | 'large'
}

export const danmakuSettings = useLocalStorage<DanmakuSettings>(
  'vireo.danmaku',
  { on: true, opacity: 0.95, scale: 1, area: 0.5, density: 'normal', speed: 1 },
  { mergeDefaults: true },
)

export const danmakuStyle = useLocalStorage<DanmakuStyle>(
  'vireo.danmaku_style',
  { color: '#ffffff', mode: 'scroll', size: 'normal' },
  { mergeDefaults: true },
)

export const danmakuColors = [
  '#ffffff',
  '#5fd66f',
  '#f6d743',
  '#ff9b54',
  '#ff6b81',
  '#ff8fd0',
  '#b69cff',
  '#6fb8ff',
  '#57e0d8',
  '#c4f25a',
] as const

/** At most this many at once on the picture; more are dropped. */
export const densityCap = { low: 14, normal: 45, high: 120 } as const
