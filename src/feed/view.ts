/** Owns how posts look from outside. */
import type { Post, PostPicture } from '../../contract/feed.ts'
import type { Author } from '../../contract/user.ts'
import { isoTime } from '../user/index.ts'
import type { PictureRow, PostWithCounts } from './post-store.ts'

export const toPicture = (row: PictureRow): PostPicture => ({
  id: row.id,
  url: `/play/${row.picture_key}`,
  thumbnail_url: `/play/${row.thumbnail_key}`,
  width: row.width,
  height: row.height,
})

export const toPost = (
  row: PostWithCounts,
  seen: { author: Author; pictures: readonly PictureRow[]; liked: boolean },
): Post => ({
  id: row.id,
  text: row.text,
  pictures: seen.pictures.map(toPicture),
  author: seen.author,
  create_time: isoTime(row.created_ms),
  counts: { likes: row.likes, comments: row.comments },
  mine: { liked: seen.liked },
})
