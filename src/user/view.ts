/** Owns how a user's rows look from outside. */
import type { Author, Person, Relation, Role, User } from '../../contract/user.ts'
import type { AuthorRow, UserWithCounts } from './store.ts'

export const isoTime = (ms: number): string => new Date(ms).toISOString()

export const avatarUrl = (avatarKey: string | null): string | null =>
  avatarKey === null ? null : `/play/${avatarKey}`

type Standing = Omit<Relation, 'followers'>
const stranger: Standing = { followed: false, special: false, follows_me: false, blocked: false }

export const toUser = (row: UserWithCounts, standing: Standing = stranger): User => ({
  id: row.id,
  nickname: row.nickname,
  username: row.username,
  avatar_url: avatarUrl(row.avatar_key),
  signature: row.signature,
  sex: row.sex as User['sex'],
  create_time: isoTime(row.created_ms),
  counts: { followers: row.followers, following: row.following, videos: row.videos, likes: row.likes },
  ...standing,
  role: row.role as Role,
  room_id: row.room_id,
})

export const toAuthor = (row: AuthorRow, followed = false): Author => ({
  id: row.id,
  nickname: row.nickname,
  username: row.username,
  avatar_url: avatarUrl(row.avatar_key),
  follower_count: row.followers,
  followed,
})

export const toPerson = (
  row: UserWithCounts,
  followed: { special: boolean } | undefined,
  followsMe: boolean,
): Person => ({
  ...toAuthor(row, followed !== undefined),
  signature: row.signature,
  special: followed?.special === true,
  follows_me: followsMe,
})
