/** Owns what comments ask of posts. */
import type { Commented, Subject } from '../comment/index.ts'
import type { Db } from '../platform/db/db.ts'
import { AppError } from '../platform/errors/app-error.ts'
import * as store from './post-store.ts'

export const createPostSubject = ({ db }: { db: Db }): Subject => {
  const seen = async (id: string): Promise<Commented> => {
    const row = await store.findPost(db, id)
    if (row === undefined || row.hidden === 1) throw new AppError('not_found')
    const { author_id: ownerId, comments } = row
    return { kind: 'post', id, publicId: id, ownerId, comments, durationMs: null }
  }
  return {
    seen,
    seenById: seen,
    async namesOf(ids) {
      const rows = await store.ownersOf(db, ids)
      return new Map(rows.map(({ id, author_id: ownerId }) => [id, { publicId: id, ownerId }]))
    },
    async count(trx, id, by) {
      // A post that went for good meanwhile has nothing below it.
      if (!(await store.addToCounter(trx, id, 'comments', by))) throw new AppError('not_found')
    },
  }
}
