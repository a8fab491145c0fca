/** Owns the SQL that compares stored counts with rows. A feature that counts adds its line to `countChecks`. */
import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Queries } from '../../platform/db/db.ts'

export interface WrongCount {
  id: string
  stored: number
  real: number
}

export interface CountCheck {
  readonly name: string
  wrong(db: Queries, limit: number): Promise<WrongCount[]>
}

/** `stored` of each row of `table` against a subquery that counts for it. */
const check = (
  name: string,
  from: { table: string; key: string; column: string },
  real: RawBuilder<unknown>,
): CountCheck => ({
  name,
  async wrong(db, limit) {
    const { table, key, column } = from
    const { rows } =
      await sql<WrongCount>`select id, stored, ${sql.ref('real_count')} as ${sql.ref('real')} from (
      select ${sql.ref(`${table}.${key}`)} as id, ${sql.ref(`${table}.${column}`)} as stored, (${real}) as real_count
      from ${sql.table(table)}) as counted where stored <> real_count limit ${sql.lit(limit)}`.execute(db)
    return rows
  },
})

const ofVideo = (column: string) => ({ table: 'video_counter', key: 'video_id', column })
const ofUser = (column: string) => ({ table: 'user_counter', key: 'user_id', column })

export const countChecks: readonly CountCheck[] = [
  check(
    'likes of videos',
    ofVideo('likes'),
    sql`select count(*) from video_like where video_like.video_id = video_counter.video_id`,
  ),
  check(
    'danmaku of videos',
    ofVideo('danmaku'),
    sql`select count(*) from danmaku inner join video on video.timeline_id = danmaku.timeline_id
      where video.id = video_counter.video_id`,
  ),
  check(
    'likes in rankings',
    { table: 'video_rank', key: 'video_id', column: 'likes' },
    sql`select likes from video_counter where video_counter.video_id = video_rank.video_id`,
  ),
  check(
    'videos of users',
    ofUser('videos'),
    sql`select count(*) from video_rank where video_rank.owner_id = user_counter.user_id`,
  ),
  check(
    'followers of users',
    ofUser('followers'),
    sql`select count(*) from user_follow where user_follow.user_id = user_counter.user_id`,
  ),
  check(
    'whom users follow',
    ofUser('following'),
    sql`select count(*) from user_follow where user_follow.follower_id = user_counter.user_id`,
  ),
  check(
    'uploads under way',
    { table: 'video_storage', key: 'owner_id', column: 'open_uploads' },
    sql`select count(*) from video_upload where video_upload.owner_id = video_storage.owner_id
      and video_upload.finished_ms is null`,
  ),
]
