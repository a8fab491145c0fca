/** Owns a database full of people and videos, made by numbers so that every run has the same. */
import { join } from 'node:path'
import { systemClock } from '../../src/platform/clock/clock.ts'
import { openDatabase } from '../../src/platform/db/db.ts'
import type { Db } from '../../src/platform/db/db.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { migrations } from '../../src/platform/db/migrations/index.ts'
import { silentLog } from '../../src/platform/log/log.ts'
import '../../src/features.ts'

export interface Amount {
  users: number
  videos: number
  /** Of everybody; none by default, which lets nobody in. */
  passwordHash?: string
}

const categories = ['life', 'music', 'game', 'knowledge', 'tech', 'food', 'animal', 'sport']
const startMs = Date.UTC(2026, 0, 1)
const batch = 200

const userId = (n: number): string => `user${String(n).padStart(22, '0')}`
const videoId = (n: number): string => `vide${String(n).padStart(22, '0')}`
export const seededPublicId = (n: number): string => `seed${String(n).padStart(8, '0')}`
export const seededEmail = (n: number): string => `person${String(n).padStart(8, '0')}@example.com`
export const seededUsername = (n: number): string => `person${String(n).padStart(8, '0')}`
export const seededUserId = userId
export const seededMobile = (n: number): string => `13${String(n).padStart(9, '0')}`
/** Spreads numbers without chance: the same likes in every run, no order in them. */
const scatter = (n: number, below: number): number => (Math.imul(n, 2_654_435_761) >>> 0) % below

/** A SQLite database in `dataDir` with so many of each. */
export const seed = async (dataDir: string, amount: Amount): Promise<void> => {
  await using db = await openDatabase({
    config: { kind: 'sqlite', file: join(dataDir, 'vireo.db') },
    log: silentLog,
    clock: systemClock,
  })
  await migrate(db, migrations)
  await inBatches(db, amount.users, (trx, numbers) => insertUsers(trx, numbers, amount))
  await inBatches(db, amount.videos, (trx, numbers) => insertVideos(trx, numbers, amount))
}

type Trx = Parameters<Parameters<Db['transaction']>[0]>[0]

const inBatches = async (
  db: Db,
  total: number,
  insert: (trx: Trx, numbers: number[]) => Promise<void>,
): Promise<void> => {
  for (let from = 0; from < total; from += batch * 50) {
    await db.transaction(async (trx) => {
      const end = Math.min(total, from + batch * 50)
      for (let at = from; at < end; at += batch)
        await insert(
          trx,
          Array.from({ length: Math.min(batch, end - at) }, (_, index) => at + index),
        )
    })
  }
}

const insertUsers = async (trx: Trx, numbers: number[], amount: Amount): Promise<void> => {
  const common = { avatar_key: null, signature: '', sex: 0 }
  await trx
    .insertInto('user')
    .values(
      numbers.map((n) => ({
        ...common,
        id: userId(n),
        nickname: `观众${n}`,
        username: seededUsername(n),
        username_key: seededUsername(n),
        nickname_key: `观众${n}`,
        ban_reason: '',
        birth_date: null,
        links: '[]',
        role: 'user',
        ban_until_ms: null,
        banned_ms: null,
        room_id: `room${String(n).padStart(8, '0')}`,
        created_ms: startMs + n,
      })),
    )
    .execute()
  const counts = { followers: 0, following: 0, videos: 0, likes: 0 }
  await trx
    .insertInto('user_counter')
    .values(numbers.map((n) => ({ ...counts, user_id: userId(n) })))
    .execute()
  await trx
    .insertInto('account')
    .values(
      numbers.map((n) => ({
        user_id: userId(n),
        mobile: `+86${seededMobile(n)}`,
        mobile_tail: seededMobile(n).slice(-4),
        mobile_proven_ms: null,
        email: seededEmail(n),
        email_key: seededEmail(n),
        email_proven_ms: startMs + n,
        two_step: 0,
        password_hash: amount.passwordHash ?? '$argon2id$none',
        created_ms: startMs + n,
      })),
    )
    .execute()
}

const insertVideos = async (trx: Trx, numbers: number[], amount: Amount): Promise<void> => {
  const published = (n: number): number => startMs + n * 1000
  await trx
    .insertInto('video')
    .values(
      numbers.map((n) => ({
        id: videoId(n),
        public_id: seededPublicId(n),
        owner_id: userId(scatter(n, amount.users)),
        title: `第 ${n} 个视频：在山里的一天 A day in the hills`,
        intro: '早上五点出发，翻过两座山，傍晚在湖边看日落。\n0:00 出发\n3:20 山顶\n7:45 湖边',
        category: (categories[scatter(n, categories.length)] ?? 'life') as 'life',
        tags: JSON.stringify(['旅行', '山', 'vlog']),
        visibility: 'public' as const,
        state: 'ready' as const,
        failure_code: null,
        source: 'upload' as const,
        duration_ms: 60_000 + scatter(n, 600_000),
        width: 1920,
        height: 1080,
        size_bytes: 50_000_000,
        bandwidth: 4_000_000,
        codecs: 'avc1.64001f,mp4a.40.2',
        cover_key: `covers/${videoId(n)}.jpg`,
        posters: '[]',
        media_key: `videos/${videoId(n)}`,
        taken_down: 0,
        taken_down_reason: '',
        captions: '[]',
        storyboard: null,
        publish_at_ms: null,
        timeline_id: videoId(n),
        live_session_id: null,
        publish_ms: published(n),
        created_ms: published(n),
        updated_ms: published(n),
        deleted_ms: null,
        trashed: 0,
      })),
    )
    .execute()
  const counts = { favourites: 3, coins: 2, comments: 8, danmaku: 40, shares: 1 }
  await trx
    .insertInto('video_counter')
    .values(
      numbers.map((n) => ({
        ...counts,
        video_id: videoId(n),
        likes: scatter(n, 5000),
        plays: scatter(n, 90_000),
      })),
    )
    .execute()
  await trx
    .insertInto('video_rank')
    .values(
      numbers.map((n) => ({
        video_id: videoId(n),
        owner_id: userId(scatter(n, amount.users)),
        category: categories[scatter(n, categories.length)] ?? 'life',
        publish_ms: published(n),
        likes: scatter(n, 5000),
        plays: scatter(n, 90_000),
        hot: scatter(n, 1_000_000),
        length: (['short', 'medium', 'long'] as const)[n % 3] ?? 'short',
      })),
    )
    .execute()
}
