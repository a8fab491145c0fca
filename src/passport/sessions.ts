/** Owns sessions: opening one, rotating its refresh token, ending it, and finding the caller behind a token. */
import type { Role } from '../../contract/user.ts'
import type { Audit } from '../audit/index.ts'
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
  /** What an earlier sign-in on this device gave. */
  token?: string | undefined
}

export interface SignedIn extends OpenSession {
  deviceToken?: string
  deletionCancelled?: boolean
}

export interface OpenSession {
  userId: string
  sessionId: string
  accessToken: string
  refreshToken: string
}

export interface NewSession {
  userId: string
  sessionId: string
  salt: string
}

export type Sessions = ReturnType<typeof createSessions>

export const createSessions = (deps: {
  db: Db
  clock: Clock
  tokens: Tokens
  log: Log
  audit: Audit
  staffNeedsTwoStep: boolean
}) => {
  const { db, clock, tokens, log, audit } = deps

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
  const refuseReuse = async (parts: RefreshParts, address: string): Promise<never> => {
    await db.transaction(async (trx) => {
      await store.revokeSession(trx, parts.sessionId, clock.now())
      await audit.record(trx, {
        actorId: null,
        action: 'session.reuse_detected',
        subject: { kind: 'session', id: parts.sessionId },
        address,
      })
    })
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
    return refuseReuse(parts, address)
  }

  const recordEnd = (trx: Queries, userId: string, action: string, sessionId: string, address: string) =>
    audit.record(trx, { actorId: userId, action, subject: { kind: 'session', id: sessionId }, address })

  /** A new account's first day is free of it, so that whoever has just set the site up can look around. */
  const lacksTwoStep = (row: { role: string; two_step: number; account_created_ms: number }): boolean =>
    deps.staffNeedsTwoStep &&
    (row.role === 'admin' || row.role === 'moderator') &&
    row.two_step === 0 &&
    clock.now() - row.account_created_ms > day

  return {
    lacksTwoStep,

    /** Opens a session in the caller's transaction (or on its own); its tokens are made after that by `issue`. */
    async open(trx: Queries, userId: string, { device, address }: Device): Promise<NewSession> {
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
      return { userId, sessionId: id, salt }
    },

    issue: ({ userId, sessionId, salt }: NewSession): Promise<OpenSession> =>
      withTokens(userId, sessionId, salt, 1),

    /** A new pair for a refresh token. Throws `unauthenticated`. */
    rotate,

    /** Signing out: a session and its row in the audit log. */
    revoke: (caller: Pick<Caller, 'userId' | 'sessionId'>, address: string): Promise<void> =>
      db.transaction(async (trx) => {
        if (!(await store.revokeOwnSession(trx, caller.userId, caller.sessionId, clock.now()))) return
        await recordEnd(trx, caller.userId, 'session.signed_out', caller.sessionId, address)
      }),

    /** Ends one session of this user by its id; false if there is none. */
    revokeOne: (caller: Caller, sessionId: string, address: string): Promise<boolean> =>
      db.transaction(async (trx) => {
        if (!(await store.revokeOwnSession(trx, caller.userId, sessionId, clock.now()))) return false
        await recordEnd(trx, caller.userId, 'session.revoked', sessionId, address)
        return true
      }),

    /** In the caller's transaction: all sessions of a user, but `keepId` if given. Gives how many. */
    revokeAllOf: (q: Queries, userId: string, keepId?: string): Promise<number> =>
      store.revokeSessionsOf(q, userId, clock.now(), keepId),

    /** Those that may be used now, the last one used first; at most 100. */
    async listOf(userId: string): Promise<store.SessionRow[]> {
      const rows = await store.openSessionsQuery(db, userId, clock.now(), 100).execute()
      return rows.sort((a, b) => b.last_seen_ms - a.last_seen_ms)
    },

    prune: (): Promise<void> => store.deleteOldSessions(db, clock.now()),

    /** Ends one session if it is this user's; false otherwise. */
    revokeOneOf: (q: Queries, userId: string, sessionId: string): Promise<boolean> =>
      store.revokeOwnSession(q, userId, sessionId, clock.now()),

    /** Ends the session of a refresh token, if it is one; says nothing about whether it was. */
    async revokeByToken(token: string, address: string): Promise<void> {
      const parts = tokens.readRefresh(token)
      const session = parts && (await store.findSession(db, parts.sessionId))
      if (parts && session && tokens.isRefreshOf(parts, session.salt))
        await this.revoke({ userId: session.user_id, sessionId: session.id }, address)
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
      if (session.deleted_ms !== null) return undefined
      if (clock.now() >= Math.min(session.expires_ms, session.absolute_expires_ms)) return undefined
      const caller = { userId: session.user_id, sessionId: session.id, role: session.role as Role }
      return lacksTwoStep(session) ? { ...caller, role: 'user', lacksTwoStep: true } : caller
    },
  }
}
