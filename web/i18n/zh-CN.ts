/** Owns every sentence of the web in Chinese, a file per area; the other languages must have the same keys. */
import { account } from './zh-CN/account.ts'
import { auth } from './zh-CN/auth.ts'
import { broadcast } from './zh-CN/broadcast.ts'
import { community } from './zh-CN/community.ts'
import { danmaku } from './zh-CN/danmaku.ts'
import { home } from './zh-CN/home.ts'
import { live } from './zh-CN/live.ts'
import { people } from './zh-CN/people.ts'
import { player } from './zh-CN/player.ts'
import { profile } from './zh-CN/profile.ts'
import { room } from './zh-CN/room.ts'
import { shell } from './zh-CN/shell.ts'
import { studio } from './zh-CN/studio.ts'
import { video } from './zh-CN/video.ts'
import { webhook } from './zh-CN/webhook.ts'

export const zhCN = {
  ...shell,
  ...home,
  ...live,
  ...broadcast,
  ...community,
  ...danmaku,
  ...player,
  ...video,
  ...auth,
  ...account,
  ...studio,
  ...profile,
  ...people,
  ...room,
  ...webhook,
} as const

type Sentences<T> = { readonly [K in keyof T]: T[K] extends string ? string : Sentences<T[K]> }
/** The shape that each language must fill. */
export type Messages = Sentences<typeof zhCN>
