/** Owns every sentence of the web in English, a file per area. */
import { account } from './en/account.ts'
import { auth } from './en/auth.ts'
import { broadcast } from './en/broadcast.ts'
import { community } from './en/community.ts'
import { danmaku } from './en/danmaku.ts'
import { home } from './en/home.ts'
import { live } from './en/live.ts'
import { people } from './en/people.ts'
import { player } from './en/player.ts'
import { profile } from './en/profile.ts'
import { room } from './en/room.ts'
import { shell } from './en/shell.ts'
import { studio } from './en/studio.ts'
import { video } from './en/video.ts'
import { webhook } from './en/webhook.ts'
import type { Messages } from './zh-CN.ts'

export const en: Messages = {
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
}
