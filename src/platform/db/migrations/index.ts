/** Owns the order of all migrations. What is released here never changes; new ones go to the end. */
import type { Migration } from '../migrate.ts'
import { platform } from './0001-platform.ts'
import { people } from './0002-people.ts'
import { video } from './0003-video.ts'
import { live } from './0004-live.ts'
import { audit } from './0005-audit.ts'
import { accounts } from './0006-accounts.ts'
import { relations } from './0007-relations.ts'
import { community } from './0008-community.ts'
import { admin } from './0009-admin.ts'
import { search } from './0010-search.ts'
import { videoExtras } from './0011-video-extras.ts'
import { danmakuCuration } from './0012-danmaku-curation.ts'
import { webhooks } from './0013-webhooks.ts'
import { roomOrder } from './0014-room-order.ts'
import { roomLife } from './0015-room-life.ts'
import { roomLinks } from './0016-room-links.ts'
import { clip } from './0017-clip.ts'
import { postComments } from './0018-post-comments.ts'

export const migrations: readonly Migration[] = [
  platform,
  people,
  video,
  live,
  audit,
  accounts,
  relations,
  community,
  admin,
  search,
  videoExtras,
  danmakuCuration,
  webhooks,
  roomOrder,
  roomLife,
  roomLinks,
  clip,
  postComments,
]
