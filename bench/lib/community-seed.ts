/**
 * Owns a database full of a community: people, videos with words and tags, likes, comments, follows. SQLite makes the
 * rows itself by statements over numbers, with the indexes taken away and made again, so that a million videos take
 * minutes; every run has the same rows.
 */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { systemClock } from '../../src/platform/clock/clock.ts'
import { openDatabase } from '../../src/platform/db/db.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { migrations } from '../../src/platform/db/migrations/index.ts'
import { silentLog } from '../../src/platform/log/log.ts'
import { termsOf } from '../../src/platform/search/words.ts'
import '../../src/features.ts'

export interface Community {
  videos: number
  users: number
  likes: number
  comments: number
  follows: number
}

const startMs = Date.UTC(2026, 0, 1)
/** Below one video stand so many comments of all; the others share the rest. */
const crowded = 0.02
export const sessions = 5_000

const categories = ['life', 'music', 'game', 'knowledge', 'tech', 'food', 'animal', 'sport']
const titles = [
  '清晨的鸟鸣声',
  '在山里的一天',
  '北京烤鸭店探访',
  '学会做红烧肉',
  '夜里的城市灯光',
  '海边看日出',
  '一只会开门的猫',
  '吉他弹唱入门',
  '老城区的面馆',
  '骑车去西藏',
  '雨后的茶园',
  '数学里的对称',
  '机器人第一次走路',
  '街头篮球集锦',
  '雪山徒步日记',
  '种一棵番茄',
]

const id = (prefix: string, n: string): string => `'${prefix}' || printf('%022d', ${n})`
export const userId = (n: number): string => `user${String(n).padStart(22, '0')}`
export const videoId = (n: number): string => `vide${String(n).padStart(22, '0')}`
export const publicId = (n: number): string => `seed${String(n).padStart(8, '0')}`
export const commentId = (n: number): string => `comm${String(n).padStart(22, '0')}`
export const sessionId = (n: number): string => `sess${String(n).padStart(22, '0')}`
/** Spreads numbers without chance; the same in SQL and here. */
export const scatter = (n: number, below: number): number =>
  Number((BigInt(n) * 2_654_435_761n) % BigInt(below))
const scattered = (n: string, below: number): string => `((${n}) * 2654435761 % ${below})`

/** A SQLite database in `dataDir` with so many of each. */
export const seedCommunity = async (
  dataDir: string,
  amount: Community,
  say: (text: string) => void = () => undefined,
): Promise<void> => {
  const file = join(dataDir, 'vireo.db')
  {
    await using made = await openDatabase({
      config: { kind: 'sqlite', file },
      log: silentLog,
      clock: systemClock,
    })
    await migrate(made, migrations)
  }
  using db = closing(new Database(file))
  for (const pragma of [
    // Out of the log first: it can not be left in one step.
    'journal_mode = DELETE',
    'journal_mode = OFF',
    'synchronous = OFF',
    'cache_size = -1000000',
    'temp_store = MEMORY',
  ])
    db.pragma(pragma)
  const indexes = db
    .prepare(`select name, sql from sqlite_master where type = 'index' and sql is not null`)
    .all() as { name: string; sql: string }[]
  for (const { name } of indexes) db.exec(`drop index \`${name}\``)
  for (const [what, sql] of statements(amount)) {
    const beganMs = performance.now()
    db.exec(sql)
    say(`${what}: ${((performance.now() - beganMs) / 1000).toFixed(1)} s`)
  }
  const beganMs = performance.now()
  for (const { sql } of indexes) db.exec(sql)
  say(`indexes: ${((performance.now() - beganMs) / 1000).toFixed(1)} s`)
  db.exec('analyze')
  db.pragma('journal_mode = WAL')
}

const closing = (db: Database.Database): Database.Database & Disposable =>
  Object.assign(db, { [Symbol.dispose]: () => void db.close() })

/** `i` counts from 0 to below `count`. */
const numbers = (count: number): string =>
  `with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < ${count})`

const statements = ({ videos, users, likes, comments, follows }: Community): [string, string][] => {
  const owner = id('user', scattered('i', users))
  const category = `(case i % 8 ${categories.map((name, n) => `when ${n} then '${name}'`).join(' ')} end)`
  const title = `(case i % ${titles.length} ${titles.map((name, n) => `when ${n} then '${name}'`).join(' ')} end) || ' 第 ' || i || ' 集'`
  const published = `${startMs} + i * 1000`
  const perUser = Math.max(1, Math.floor(likes / users))
  const perFollower = Math.max(2, Math.floor(follows / users))
  const many = Math.floor(comments * crowded)
  const ofVideo = `case when i < ${many} then 0 else ${scattered('(i / 5) + 1', videos)} end`
  const everyTerm = titles.flatMap((text, n) =>
    [...termsOf(text), '第', '集'].map((term) => `(${n}, '${term}', 8)`),
  )
  return [
    [
      'people',
      `${numbers(users)} insert into user (id, nickname, nickname_key, signature, sex, links, role, room_id, created_ms)
        select ${id('user', 'i')}, '观众' || i, '观众' || i, '', 0, '[]', 'user', 'room' || printf('%08d', i), ${startMs} + i from n;
      ${numbers(users)} insert into account (user_id, mobile, mobile_tail, password_hash, created_ms)
        select ${id('user', 'i')}, '+8613' || printf('%09d', i), printf('%04d', i % 10000), '$argon2id$none', ${startMs} + i from n;
      ${numbers(sessions)} insert into session (id, user_id, salt, generation, rotated_ms, created_ms, last_seen_ms, expires_ms, absolute_expires_ms, device, address)
        select ${id('sess', 'i')}, ${id('user', 'i')}, 'x', 0, ${Date.now()}, ${Date.now()}, ${Date.now()}, ${Date.now() + 86_400_000}, ${Date.now() + 86_400_000}, 'bench', '127.0.0.1' from n where i < ${users};`,
    ],
    [
      'follows',
      // Everybody follows the first; the second follows two thousand, the others ten each.
      `${numbers(users - 1)} insert into user_follow (follower_id, user_id, sort_key, special)
        select ${id('user', 'i + 1')}, ${id('user', '0')}, ${id('foll', 'i')}, 0 from n;
      ${numbers(Math.min(2000, users - 2))} insert or ignore into user_follow (follower_id, user_id, sort_key, special)
        select ${id('user', '1')}, ${id('user', 'i + 2')}, ${id('fol1', 'i')}, 0 from n;
      ${numbers(users * (perFollower - 1))} insert or ignore into user_follow (follower_id, user_id, sort_key, special)
        select ${id('user', `i / ${perFollower - 1}`)}, ${id('user', `(i / ${perFollower - 1} + 1 + (i % ${perFollower - 1}) * 997) % ${users}`)}, ${id('fol2', 'i')}, 0 from n
        where i / ${perFollower - 1} <> 1;`,
    ],
    [
      'likes',
      `${numbers(perUser * users)} insert or ignore into video_like (user_id, video_id, created_ms)
        select ${id('user', `i / ${perUser}`)}, ${id('vide', `((i / ${perUser}) * 7919 + (i % ${perUser}) * 104729) % ${videos}`)}, ${startMs} + i from n;
      create temp table liked as select video_id, count(*) as likes from video_like group by video_id;
      create unique index temp.liked_by on liked (video_id);`,
    ],
    [
      'comments',
      `${numbers(comments)} insert into comment (id, video_id, root_id, parent_id, user_id, text, created_ms, deleted)
        select ${id('comm', 'i')}, ${id('vide', ofVideo)},
          case when i % 5 < 3 then '' else ${id('comm', 'i - i % 5')} end,
          case when i % 5 < 3 then null else ${id('comm', 'i - i % 5')} end,
          ${id('user', scattered('i', users))}, '说得好，我也这样想。第 ' || i || ' 条', ${startMs} + i, 0 from n;
      ${numbers(comments)} insert into comment_counter (comment_id, video_id, root_id, likes, replies, score)
        select ${id('comm', 'i')}, ${id('vide', ofVideo)},
          case when i % 5 < 3 then '' else ${id('comm', 'i - i % 5')} end,
          0, case when i % 5 = 0 then min(2, ${comments} - 1 - i - 2) * (i + 3 < ${comments}) else 0 end,
          case when i % 5 = 0 then 4 else 0 end from n;
      create temp table talked as select video_id, count(*) as comments from comment group by video_id;
      create unique index temp.talked_by on talked (video_id);`,
    ],
    [
      'videos',
      `${numbers(videos)} insert into video (id, public_id, owner_id, title, intro, category, tags, visibility, state, source, duration_ms,
          width, height, size_bytes, bandwidth, codecs, posters, media_key, timeline_id, publish_ms, created_ms, updated_ms)
        select ${id('vide', 'i')}, 'seed' || printf('%08d', i), ${owner}, ${title},
          '早上五点出发，翻过两座山。' || char(10) || '0:00 出发' || char(10) || '3:20 山顶', ${category},
          '["旅行","标签' || (i % 5000) || '"]', 'public', 'ready', 'upload', 60000 + ${scattered('i', 1_800_000)},
          1920, 1080, 50000000, 4000000, 'avc1.64001f,mp4a.40.2', '[]', 'videos/' || i, ${id('vide', 'i')},
          ${published}, ${published}, ${published} from n;
      ${numbers(videos)} insert into video_counter (video_id, plays, likes, comments)
        select ${id('vide', 'i')}, ${scattered('i', 90_000)},
          coalesce((select likes from liked where video_id = ${id('vide', 'i')}), 0),
          coalesce((select comments from talked where video_id = ${id('vide', 'i')}), 0) from n;
      ${numbers(videos)} insert into video_rank (video_id, owner_id, category, publish_ms, likes, plays, hot, length)
        select ${id('vide', 'i')}, ${owner}, ${category}, ${published},
          coalesce((select likes from liked where video_id = ${id('vide', 'i')}), 0), ${scattered('i', 90_000)},
          ${scattered('i', 1_000_000_000)}, (case i % 3 when 0 then 'short' when 1 then 'medium' else 'long' end) from n;
      ${numbers(videos)} insert into feed_item (kind, ref_id, author_id, sort_key, shown, at_ms)
        select 'video', 'seed' || printf('%08d', i), ${owner}, ${id('vide', 'i')}, 1, ${published} from n;`,
    ],
    [
      'tags',
      `${numbers(videos)} insert into video_tag (tag, publish_ms, video_id) select '旅行', ${published}, ${id('vide', 'i')} from n;
      ${numbers(videos)} insert into video_tag (tag, publish_ms, video_id) select '标签' || (i % 5000), ${published}, ${id('vide', 'i')} from n order by 1, 2;`,
    ],
    [
      'words',
      `create temp table word (n integer, term text, weight integer);
      insert into word values ${[...new Set(everyTerm)].join(', ')};
      create index temp.word_by on word (term, n);
      insert into search_term (term, video_id, weight)
        with recursive k(j) as (select 0 union all select j + 1 from k where j + 1 <= ${Math.floor(videos / titles.length)})
        select term, ${id('vide', `j * ${titles.length} + n`)}, weight from word, k
        where j * ${titles.length} + n < ${videos} order by 1, 2;
      ${numbers(videos)} insert or ignore into search_term (term, video_id, weight) select cast(i as text), ${id('vide', 'i')}, 8 from n order by 1;
      ${numbers(5000)} insert into search_query (query, text, hot) select '鸟鸣' || i, '鸟鸣' || i, i from n;`,
    ],
    [
      'counts of people',
      `create temp table followers as select user_id, count(*) as n from user_follow group by user_id;
      create unique index temp.followers_by on followers (user_id);
      create temp table following as select follower_id, count(*) as n from user_follow group by follower_id;
      create unique index temp.following_by on following (follower_id);
      create temp table owned as select owner_id, count(*) as n, sum(likes) as likes from video_rank group by owner_id;
      create unique index temp.owned_by on owned (owner_id);
      ${numbers(users)} insert into user_counter (user_id, followers, following, videos, likes)
        select ${id('user', 'i')}, coalesce((select n from followers where user_id = ${id('user', 'i')}), 0),
          coalesce((select n from following where follower_id = ${id('user', 'i')}), 0),
          coalesce((select n from owned where owner_id = ${id('user', 'i')}), 0),
          coalesce((select likes from owned where owner_id = ${id('user', 'i')}), 0) from n;`,
    ],
  ]
}
