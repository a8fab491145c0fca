/** Owns sessions: opening one, rotating its refresh token, ending it, and finding the caller behind a token. */
import type { Role } from '../../contract/user.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db, Queries } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import { secretToken, sortableId } from '../platform/ids/ids.ts'
import type { Log } from '../platform/log/log.ts'
import * as store from './store.ts'
import type { RefreshParts, Tokens } from './tokens.ts'

const day = 24 * 3600_000
const idleMs = 30 * day
const absoluteMs = 90 * day
/** Two tabs, or an answer that got lost, may show the same token twice. */
const graceMs = 30_000

export interface Device {
  device: string
  address: string
}

export interface OpenSession {
  userId: string
  sessionId: string
  accessToken: string
  refreshToken: string
}

export type Sessions = ReturnType<typeof createSessions>

export const createSessions = (deps: { db: Db; clock: Clock; tokens: Tokens; log: Log }) => {
  const { db, clock, tokens, log } = deps

  const withTokens = async (
    userId: string,
    sessionId: string,
    salt: string,
    generation: number,
  ): Promise<OpenSession> => ({
    userId,
    sessionId,
    accessToken: await tokens.access({ userId, sessionId }),
    refreshToken: tokens.refresh(sessionId, salt, generation),
  })

  /** An old token beyond its grace was stolen or replayed: whoever holds the session loses it. */
  const refuseReuse = async (parts: RefreshParts): Promise<never> => {
    await store.revokeSession(db, parts.sessionId, clock.now())
    log.warn(
      { session: parts.sessionId, generation: parts.generation },
      'refresh token used again: session ended',
    )
    throw new AppError('unauthenticated')
  }

  const rotate = async (token: string, address: string): Promise<OpenSession> => {
    const parts = tokens.readRefresh(token)
    const session = parts && (await store.findSession(db, parts.sessionId))
    if (!parts || !session || !tokens.isRefreshOf(parts, session.salt)) throw new AppError('unauthenticated')
    const nowMs = clock.now()
    if (session.revoked_ms !== null || nowMs >= Math.min(session.expires_ms, session.absolute_expires_ms)) {
      throw new AppError('unauthenticated')
    }
    const next = parts.generation + 1
    if (session.generation === parts.generation) {
      const change = { nowMs, expiresMs: nowMs + idleMs, address }
      if (await store.advanceSession(db, session.id, parts.generation, change)) {
        return withTokens(session.user_id, session.id, session.salt, next)
      }
      // Somebody was quicker with the same token: what follows decides on what is stored now.
      return rotate(token, address)
    }
    if (session.generation === next && nowMs - session.rotated_ms <= graceMs) {
      return withTokens(session.user_id, session.id, session.salt, next)
    }
    return refuseReuse(parts)
  }

  return {
    /** Opens a session in the caller's transaction (or on its own). */
    async open(trx: Queries, userId: string, { device, address }: Device): Promise<OpenSession> {
      const nowMs = clock.now()
      const id = sortableId(nowMs)
      const salt = secretToken(16)
      await store.insertSession(trx, {
        id,
        user_id: userId,
        salt,
        generation: 1,
        rotated_ms: nowMs,
        created_ms: nowMs,
        last_seen_ms: nowMs,
        expires_ms: nowMs + idleMs,
        absolute_expires_ms: nowMs + absoluteMs,
        revoked_ms: null,
        device: device.slice(0, 200),
        address,
      })
      return withTokens(userId, id, salt, 1)
    },

    /** A new pair for a refresh token. Throws `unauthenticated`. */
    rotate,

    revoke: (sessionId: string): Promise<void> => store.revokeSession(db, sessionId, clock.now()),

    /** Ends every session of somebody in the caller's transaction (or on its own); gives how many there were. */
    revokeAllOf: (userId: string, q: Queries = db): Promise<number> =>
      store.revokeSessionsOf(q, userId, clock.now()),

    /** Ends one session if it is this user's; false otherwise. */
    revokeOneOf: async (userId: string, sessionId: string, q: Queries = db): Promise<boolean> =>
      (await store.revokeSessionsOf(q, userId, clock.now(), sessionId)) > 0,

    /** The devices on which somebody is signed in now, the newest 100. */
    listOf: (userId: string) => store.sessionsQuery(db, userId, clock.now(), 100).execute(),

    /** Ends the session of a refresh token, if it is one; says nothing about whether it was. */
    async revokeByToken(token: string): Promise<void> {
      const parts = tokens.readRefresh(token)
      const session = parts && (await store.findSession(db, parts.sessionId))
      if (parts && session && tokens.isRefreshOf(parts, session.salt))
        await store.revokeSession(db, session.id, clock.now())
    },

    /** The caller behind an access token. Throws `unauthenticated` if the token or its session is not valid now. */
    async caller(accessToken: string): Promise<Caller> {
      const claims = await tokens.readAccess(accessToken)
      const caller = claims && (await this.callerOf(claims.sessionId))
      if (!claims || !caller || caller.userId !== claims.userId) throw new AppError('unauthenticated')
      return caller
    },

    /** The caller of a session that is still valid, else undefined: open sockets ask again by this. */
    async callerOf(sessionId: string): Promise<Caller | undefined> {
      const session = await store.findSessionWithUser(db, sessionId)
      if (session === undefined || session.revoked_ms !== null || session.banned_ms !== null) return undefined
      if (clock.now() >= Math.min(session.expires_ms, session.absolute_expires_ms)) return undefined
      return { userId: session.user_id, sessionId: session.id, role: session.role as Role }
    },
  }
}
