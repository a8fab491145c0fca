/** Owns what administrators see of people and do to them. */
import type { AdminSession, AdminUser, AdminUserDetail } from '../../contract/admin.ts'
import type { Role } from '../../contract/user.ts'
import type { Audit } from '../audit/index.ts'
import type { Live } from '../live/index.ts'
import type { PassportService } from '../passport/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { isoTime, toUser } from '../user/index.ts'
import type { Bans, Directory, Roles, UserService, UserWithCounts } from '../user/index.ts'
import type { VideoService } from '../video/index.ts'

export interface PeopleDeps {
  db: Db
  clock: Clock
  audit: Audit
  users: UserService
  directory: Directory
  roles: Roles
  bans: Bans
  passport: PassportService
  videos: VideoService
  live: Live
}

export interface By {
  userId: string
  address: string
}

interface ListQuery {
  q?: string | undefined
  role?: Role | undefined
  banned?: boolean | undefined
  limit: number
  cursor?: string | undefined
}

export const createPeople = (deps: PeopleDeps) => {
  const { db, clock, audit, users, directory, roles, bans, passport, videos, live } = deps

  const known = async (id: string): Promise<UserWithCounts> => {
    const row = await users.row(id)
    if (row === undefined) throw new AppError('not_found')
    return row
  }

  const detail = async (id: string): Promise<AdminUserDetail> => {
    const row = await known(id)
    const [mobiles, storage] = await Promise.all([passport.maskedMobiles([id]), videos.storageOf(id)])
    return { ...toAdminUser(row, mobiles.get(id)), signature: row.signature, storage }
  }

  /** Exact hits by number stand first; the rest is found by name. */
  const idsOf = async ({ q, limit, cursor, ...filter }: ListQuery) => {
    if (!q) return directory.list(filter, { limit, cursor })
    const [byNumber, byName] = await Promise.all([
      cursor === undefined ? passport.idsByMobile(q) : [],
      directory.search(q, { limit, cursor }),
    ])
    return { ids: [...new Set([...byNumber, ...byName.ids])], nextCursor: byName.nextCursor }
  }

  const revoked = (id: string, by: By, details: { session?: string }) => ({
    actorId: by.userId,
    action: 'session.revoked',
    subject: { kind: 'user', id },
    address: by.address,
    details,
  })

  return {
    detail,

    async list(query: ListQuery): Promise<{ items: AdminUser[]; next_cursor: string | null }> {
      const { ids, nextCursor } = await idsOf(query)
      const [rows, mobiles] = await Promise.all([users.rows(ids), passport.maskedMobiles(ids)])
      return { items: rows.map((row) => toAdminUser(row, mobiles.get(row.id))), next_cursor: nextCursor }
    },

    async changeRole(id: string, role: Role, by: By): Promise<AdminUserDetail> {
      await roles.change(id, role, by)
      return detail(id)
    },

    async ban(id: string, given: { reason: string; until: string | null }, by: By): Promise<AdminUserDetail> {
      const untilMs = given.until === null ? null : Date.parse(given.until)
      if (untilMs !== null && untilMs <= clock.now())
        throw new AppError('params_invalid', { details: [{ field: 'until', error: 'invalid', msg: '' }] })
      await bans.ban(id, { reason: given.reason, untilMs }, by)
      // Also looked for every few seconds, in case this process goes away now.
      await live.sessions.cutBanned()
      await live.recheckAudience()
      return detail(id)
    },

    async unban(id: string, by: By): Promise<AdminUserDetail> {
      await bans.unban(id, by)
      return detail(id)
    },

    async sessions(id: string): Promise<{ items: AdminSession[] }> {
      await known(id)
      const rows = await passport.sessions.listOf(id)
      return {
        items: rows.map((row) => ({
          id: row.id,
          device: row.device,
          address: row.address,
          create_time: isoTime(row.created_ms),
          last_seen: isoTime(row.last_seen_ms),
        })),
      }
    },

    async revokeAll(id: string, by: By): Promise<{ ended: number }> {
      await known(id)
      const ended = await db.transaction(async (trx) => {
        const count = await passport.sessions.revokeAllOf(trx, id)
        await audit.record(trx, revoked(id, by, {}))
        return count
      })
      await live.recheckAudience()
      return { ended }
    },

    async revokeOne(id: string, sessionId: string, by: By): Promise<void> {
      await db.transaction(async (trx) => {
        if (!(await passport.sessions.revokeOneOf(trx, id, sessionId))) throw new AppError('not_found')
        await audit.record(trx, revoked(id, by, { session: sessionId }))
      })
      await live.recheckAudience()
    },
  }
}

const toAdminUser = (row: UserWithCounts, mobile: string | undefined): AdminUser => {
  const { id, nickname, username, avatar_url, role, create_time, room_id, counts } = toUser(row)
  const banned =
    row.banned_ms === null
      ? null
      : {
          time: isoTime(row.banned_ms),
          until: row.ban_until_ms === null ? null : isoTime(row.ban_until_ms),
          reason: row.ban_reason,
        }
  const { followers, following, videos, likes } = counts
  return {
    id,
    nickname,
    username,
    avatar_url,
    role,
    create_time,
    mobile: mobile ?? null,
    room_id,
    counts: { followers, following, videos, likes },
    banned,
  }
}
