/** Owns how a user's rows look from outside. */
import type { Author, Role, User } from '../../contract/user.ts'
import type { UserWithCounts } from './store.ts'

export const isoTime = (ms: number): string => new Date(ms).toISOString()

export const avatarUrl = (avatarKey: string | null): string | null =>
  avatarKey === null ? null : `/play/${avatarKey}`

export const toUser = (row: UserWithCounts): User => ({
  id: row.id,
  nickname: row.nickname,
  username: row.username,
  avatar_url: avatarUrl(row.avatar_key),
  signature: row.signature,
  sex: row.sex as User['sex'],
  create_time: isoTime(row.created_ms),
  counts: { followers: row.followers, following: row.following, videos: row.videos, likes: row.likes },
  followed: false,
  role: row.role as Role,
  room_id: row.room_id,
})

export const toAuthor = (row: UserWithCounts): Author => ({
  id: row.id,
  nickname: row.nickname,
  username: row.username,
  avatar_url: avatarUrl(row.avatar_key),
  follower_count: row.followers,
  followed: false,
})
