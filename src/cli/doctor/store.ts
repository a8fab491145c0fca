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

const ofComment = (column: string) => ({ table: 'comment_counter', key: 'comment_id', column })
const ofPost = (column: string) => ({ table: 'post_counter', key: 'post_id', column })
const ofFolder = { table: 'favourite_folder', key: 'id', column: 'videos' }

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
    'likes that users got',
    ofUser('likes'),
    sql`select count(*) from video inner join video_like on video_like.video_id = video.id
      where video.owner_id = user_counter.user_id`,
  ),
  check(
    'favourites of videos',
    ofVideo('favourites'),
    sql`select count(*) from video_favourite where video_favourite.video_id = video_counter.video_id`,
  ),
  check(
    'videos in folders',
    ofFolder,
    sql`select count(*) from video_favourite where video_favourite.user_id = favourite_folder.owner_id
      and video_favourite.folder_id = favourite_folder.id`,
  ),
  check(
    'coins of videos',
    ofVideo('coins'),
    sql`select coalesce(sum(video_coin.amount), 0) from video_coin where video_coin.video_id = video_counter.video_id`,
  ),
  check(
    'shares of videos',
    ofVideo('shares'),
    sql`select count(*) from video_share where video_share.video_id = video_counter.video_id`,
  ),
  check(
    'comments of videos',
    ofVideo('comments'),
    sql`select count(*) from comment where comment.video_id = video_counter.video_id and comment.deleted = 0`,
  ),
  check(
    'likes of comments',
    ofComment('likes'),
    sql`select count(*) from comment_like where comment_like.comment_id = comment_counter.comment_id`,
  ),
  check(
    'replies to comments',
    ofComment('replies'),
    sql`select count(*) from comment where comment.root_id = comment_counter.comment_id`,
  ),
  check(
    'balances of coins',
    { table: 'coin_balance', key: 'user_id', column: 'balance' },
    sql`select coalesce(sum(coin_entry.amount), 0) from coin_entry where coin_entry.user_id = coin_balance.user_id`,
  ),
  check(
    'videos in playlists',
    { table: 'playlist', key: 'id', column: 'videos' },
    sql`select count(*) from playlist_item where playlist_item.playlist_id = playlist.id`,
  ),
  check(
    'likes of posts',
    ofPost('likes'),
    sql`select count(*) from post_like where post_like.post_id = post_counter.post_id`,
  ),
  check(
    'comments of posts',
    ofPost('comments'),
    sql`select count(*) from comment where comment.video_id = post_counter.post_id and comment.deleted = 0`,
  ),
  check(
    'danmaku in curves',
    { table: 'danmaku_density', key: 'slot_ms', column: 'said' },
    sql`select count(*) from danmaku where danmaku.timeline_id = danmaku_density.timeline_id
      and danmaku.media_ms >= danmaku_density.slot_ms and danmaku.media_ms < danmaku_density.slot_ms + 5000`,
  ),
  check(
    'uploads under way',
    { table: 'video_storage', key: 'owner_id', column: 'open_uploads' },
    sql`select count(*) from video_upload where video_upload.owner_id = video_storage.owner_id
      and video_upload.finished_ms is null`,
  ),
]
