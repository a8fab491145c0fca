/**
 * Owns the way of a report: one case per subject, a decision once, an appeal once. A decision, its audit entry and
 * what those concerned are told are written together; carrying it out comes first and can be repeated.
 */
import type { z } from 'zod'
import type {
  Decision,
  OwnCase,
  ReportCase,
  ReportKind,
  ReportState,
  createReport,
} from '../../contract/report.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import { sortableId } from '../platform/ids/ids.ts'
import type { Messages, Notice } from '../message/index.ts'
import type { UserService } from '../user/index.ts'
import * as store from './store.ts'
import { toCase, toOwnCase } from './view.ts'

/** What can be reported, as its feature shows and removes it. */
export interface Subject {
  /** For whoever may know of it; undefined otherwise. */
  find(id: string, caller: Caller): Promise<{ ownerId: string; snapshot: ReportCase['snapshot'] } | undefined>
  /** Does nothing where it is gone. */
  remove(id: string, by: Moderator): Promise<void>
  /** Takes a removal back where that is possible. */
  restore?(id: string, by: Moderator): Promise<void>
}

export interface Moderator {
  userId: string
  role: Caller['role']
  sessionId: string
  address: string | null
}

interface Deps {
  db: Db
  clock: Clock
  audit: Audit
  users: UserService
  messages: Pick<Messages, 'notice'>
  subjects: Readonly<Record<ReportKind, Subject>>
  ban: (userId: string, untilMs: number, by: Moderator) => Promise<void>
  unban: (userId: string, by: Moderator) => Promise<void>
  cursorSecret: Uint8Array
}

const dayMs = 24 * 3600_000
const shownReports = 10
/** Who else reported the same is told nothing: so many do that only where the case is clear. */
const toldReporters = 200

export type Reports = ReturnType<typeof createReports>

export const createReports = (deps: Deps) => {
  const { db, clock, audit, users, messages, subjects, ban, unban, cursorSecret } = deps

  const shown = async (rows: readonly store.CaseRow[]): Promise<ReportCase[]> => {
    const reports = await store.firstReports(
      db,
      rows.map(({ id }) => id),
      shownReports,
    )
    const people = [
      ...rows.flatMap((row) => [row.user_id, row.decided_by ?? row.user_id]),
      ...reports.map((row) => row.reporter_id),
    ]
    const authors = await users.authors(people)
    const byCase = Map.groupBy(reports, (row) => row.case_id)
    return rows.map((row) => toCase(row, byCase.get(row.id) ?? [], authors))
  }

  const one = async (id: string): Promise<ReportCase> => {
    const row = await store.findCase(db, id)
    const [found] = row ? await shown([row]) : []
    if (found === undefined) throw new AppError('not_found')
    return found
  }

  const carryOut = async (row: store.CaseRow, decision: Decision, days: number, by: Moderator) => {
    if (decision === 'remove' || decision === 'ban') await subjects[row.kind].remove(row.subject_id, by)
    if (decision === 'ban') await ban(row.user_id, clock.now() + days * dayMs, by)
  }

  const noticeFor = (
    row: store.CaseRow,
    decision: Decision,
    given: { note: string; days: number },
  ): Notice => {
    const codes = { remove: 'content_removed', warn: 'warned', ban: 'banned', dismiss: 'warned' } as const
    const params = { kind: row.kind, note: given.note, days: String(given.days) }
    return { code: codes[decision], params, subject: { kind: 'report', id: row.id } }
  }

  const owned = async (id: string, userId: string): Promise<store.CaseRow> => {
    const row = await store.findCase(db, id)
    // Until it is decided they know nothing of it; a dismissed one never concerns them.
    if (row?.user_id !== userId || row.decision === null || row.decision === 'dismiss')
      throw new AppError('not_found')
    return row
  }

  return {
    /** Throws `not_found` for what the caller may not know of, `self_refused`. */
    async report(given: z.output<NonNullable<(typeof createReport)['body']>>, caller: Caller): Promise<void> {
      const { kind, id: subjectId, reason, text = '' } = given
      const found = await subjects[kind].find(subjectId, caller)
      if (found === undefined) throw new AppError('not_found')
      if (found.ownerId === caller.userId) throw new AppError('self_refused')
      const openKey = `${kind}:${subjectId}`
      await db.transaction(async (trx) => {
        const nowMs = clock.now()
        const id = sortableId(nowMs)
        const isNew = await store.insertCase(trx, {
          id,
          kind,
          subject_id: subjectId,
          user_id: found.ownerId,
          open_key: openKey,
          state: 'open',
          snapshot: JSON.stringify(found.snapshot),
          reports: 0,
          decision: null,
          note: '',
          days: null,
          decided_by: null,
          decided_ms: null,
          appeal: null,
          appeal_ms: null,
          appeal_upheld: null,
          created_ms: nowMs,
        })
        const caseId = isNew ? id : (await store.findOpenCase(trx, openKey))?.id
        if (caseId === undefined) throw new AppError('unavailable', { retryAfterS: 1 })
        const row = { case_id: caseId, reporter_id: caller.userId, sort_key: sortableId(nowMs) }
        if (await store.insertReport(trx, { ...row, reason, text, at_ms: nowMs }))
          await store.countReport(trx, caseId)
      })
    },

    async list(query: { state: ReportState; limit: number; cursor?: string | undefined }) {
      const { state, limit } = query
      const name = `reports:${state}`
      const order = state === 'open' || state === 'appealed' ? 'asc' : 'desc'
      const [after] =
        query.cursor === undefined ? [] : decodeCursor(name, query.cursor, cursorSecret, ['string'])
      const rows = await store.casesQuery(db, state, { order, after, limit: limit + 1 }).execute()
      const { items, nextCursor } = cutPage(rows, limit, (last) =>
        encodeCursor(name, [last.id], cursorSecret),
      )
      return { items: await shown(items), next_cursor: nextCursor }
    },

    /** Throws `not_found`, `params_missing` for a ban without days, `forbidden`, `conflict` where it is decided. */
    async decide(
      id: string,
      given: { decision: Decision; note: string; days?: number | undefined },
      by: Moderator,
    ): Promise<ReportCase> {
      const row = await store.findCase(db, id)
      if (row === undefined) throw new AppError('not_found')
      if (row.state !== 'open') throw new AppError('conflict')
      const { decision, note } = given
      const days = decision === 'ban' ? given.days : 0
      if (days === undefined) {
        throw new AppError('params_missing', { details: [{ field: 'days', error: 'missing', msg: '' }] })
      }
      // Nobody judges over themselves, and a moderator not over those who run the site.
      const accused = await users.row(row.user_id)
      if (row.user_id === by.userId) throw new AppError('forbidden')
      if (decision === 'ban' && accused?.role === 'admin' && by.role !== 'admin')
        throw new AppError('forbidden')
      await carryOut(row, decision, days, by)
      const reporters = await store.reportsQuery(db, id, toldReporters).execute()
      await db.transaction(async (trx) => {
        const moved = await store.moveCase(trx, id, 'open', {
          state: 'decided',
          open_key: null,
          decision,
          note,
          days: decision === 'ban' ? days : null,
          decided_by: by.userId,
          decided_ms: clock.now(),
        })
        if (!moved) throw new AppError('conflict')
        await audit.record(trx, {
          actorId: by.userId,
          action: 'report.decided',
          subject: { kind: row.kind, id: row.subject_id },
          address: by.address,
          details: { case: id, decision, days },
        })
        const code = decision === 'dismiss' ? 'report_dismissed' : 'report_upheld'
        for (const { reporter_id: reporterId } of reporters)
          await messages.notice(trx, reporterId, { code, params: { kind: row.kind } })
        if (decision !== 'dismiss')
          await messages.notice(trx, row.user_id, noticeFor(row, decision, { note, days }))
      })
      return one(id)
    },

    /** Throws `not_found`, `conflict` where it was appealed before. */
    async appeal(id: string, userId: string, text: string): Promise<OwnCase> {
      const row = await owned(id, userId)
      const moved = await db.transaction((trx) =>
        store.moveCase(trx, row.id, 'decided', { state: 'appealed', appeal: text, appeal_ms: clock.now() }),
      )
      if (!moved) throw new AppError('conflict')
      return toOwnCase(await owned(id, userId))
    },

    async decideAppeal(id: string, uphold: boolean, by: Moderator): Promise<ReportCase> {
      const row = await store.findCase(db, id)
      if (row === undefined) throw new AppError('not_found')
      if (row.state !== 'appealed') throw new AppError('conflict')
      if (row.user_id === by.userId) throw new AppError('forbidden')
      if (!uphold && (row.decision === 'remove' || row.decision === 'ban')) {
        await subjects[row.kind].restore?.(row.subject_id, by)
        if (row.decision === 'ban') await unban(row.user_id, by)
      }
      await db.transaction(async (trx) => {
        const change = { state: 'closed', appeal_upheld: uphold ? 1 : 0 } as const
        if (!(await store.moveCase(trx, id, 'appealed', change))) throw new AppError('conflict')
        await audit.record(trx, {
          actorId: by.userId,
          action: uphold ? 'report.appeal_upheld' : 'report.appeal_overturned',
          subject: { kind: row.kind, id: row.subject_id },
          address: by.address,
          details: { case: id },
        })
        await messages.notice(trx, row.user_id, {
          code: uphold ? 'appeal_upheld' : 'appeal_overturned',
          params: { kind: row.kind },
          subject: { kind: 'report', id },
        })
      })
      return one(id)
    },

    async ownCase(id: string, userId: string): Promise<OwnCase> {
      return toOwnCase(await owned(id, userId))
    },
  }
}
