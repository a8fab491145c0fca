/** Owns how the audit log looks to administrators: with the names of who did it and to whom. */
import type { AuditEntry } from '../../contract/admin.ts'
import type { Audit, AuditFilter } from '../audit/index.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { isoTime } from '../user/index.ts'
import type { UserService } from '../user/index.ts'

export interface LogDeps {
  audit: Audit
  users: UserService
}

interface Query {
  actor?: string | undefined
  subject?: string | undefined
  action?: string | undefined
  limit: number
  cursor?: string | undefined
}

export const createLogReader = ({ audit, users }: LogDeps) => ({
  /** Throws `params_invalid` for more than one filter: no index finds both. */
  async list(query: Query): Promise<{ items: AuditEntry[]; next_cursor: string | null }> {
    const { actor, subject, action, limit, cursor } = query
    const filters: NonNullable<AuditFilter>[] = [
      ...(actor === undefined ? [] : [{ actor_id: actor }]),
      ...(subject === undefined ? [] : [{ subject_id: subject }]),
      ...(action === undefined ? [] : [{ action }]),
    ]
    if (filters.length > 1) throw new AppError('params_invalid')
    const { items, nextCursor } = await audit.list(filters[0], { limit, cursor })
    const people = items.flatMap((entry) => [
      ...(entry.actor_id === null ? [] : [entry.actor_id]),
      ...(entry.subject_kind === 'user' && entry.subject_id !== null ? [entry.subject_id] : []),
    ])
    const names = await users.authors(people)
    const nameOf = (id: string | null): string | null =>
      id === null ? null : (names.get(id)?.nickname ?? null)
    return {
      items: items.map((entry) => ({
        id: entry.id,
        time: isoTime(entry.at_ms),
        action: entry.action,
        actor:
          entry.actor_id === null ? null : { id: entry.actor_id, nickname: nameOf(entry.actor_id) ?? '' },
        subject: {
          kind: entry.subject_kind,
          id: entry.subject_id,
          name: entry.subject_kind === 'user' ? nameOf(entry.subject_id) : null,
        },
        address: entry.address,
        details: JSON.parse(entry.details) as AuditEntry['details'],
      })),
      next_cursor: nextCursor,
    }
  },
})
