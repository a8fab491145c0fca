/** Owns the use cases of the audit log: who did what to whom, written in the transaction that did it. */
import type { Clock } from '../platform/clock/clock.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db, Queries } from '../platform/db/db.ts'
import { sortableId } from '../platform/ids/ids.ts'
import * as store from './store.ts'
import type { AuditFilter, AuditRow } from './store.ts'

export interface AuditNews {
  actorId: string | null
  /** Past tense: `user.banned`. */
  action: string
  subject: { kind: string; id: string | null }
  address: string | null
  /** Ids and codes only: no secret, no text of somebody, no whole number. */
  details?: Readonly<Record<string, string | number | boolean | null>>
}

export type Audit = ReturnType<typeof createAudit>

export const createAudit = (deps: { db: Db; clock: Clock; cursorSecret: Uint8Array }) => ({
  /** In the caller's transaction, so that nothing is done without being written down. */
  async record(q: Queries, news: AuditNews): Promise<void> {
    const atMs = deps.clock.now()
    await store.insertEntry(q, {
      id: sortableId(atMs),
      at_ms: atMs,
      actor_id: news.actorId,
      action: news.action,
      subject_kind: news.subject.kind,
      subject_id: news.subject.id,
      address: news.address,
      details: JSON.stringify(news.details ?? {}),
    })
  },

  /** Newest first. */
  async list(
    filter: AuditFilter,
    page: { limit: number; cursor?: string | undefined },
  ): Promise<{ items: AuditRow[]; nextCursor: string | null }> {
    const list = `audit:${JSON.stringify(filter ?? {})}`
    const [afterId] =
      page.cursor === undefined ? [] : decodeCursor(list, page.cursor, deps.cursorSecret, ['string'])
    const rows = await store.entriesQuery(deps.db, filter, { limit: page.limit + 1, afterId }).execute()
    return cutPage(rows, page.limit, (last) => encodeCursor(list, [last.id], deps.cursorSecret))
  },
})
