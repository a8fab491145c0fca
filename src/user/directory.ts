/** Owns finding people for those who run the site: all of them, by role, banned ones, by the beginning of a name. */
import type { Role } from '../../contract/user.ts'
import { cutPage, decodeCursor, encodeCursor } from '../platform/db/cursor.ts'
import type { Db } from '../platform/db/db.ts'
import * as store from './store.ts'

interface PageQuery {
  limit: number
  cursor?: string | undefined
}
interface Ids {
  ids: string[]
  nextCursor: string | null
}

export type Directory = ReturnType<typeof createDirectory>

export const createDirectory = ({ db, cursorSecret }: { db: Db; cursorSecret: Uint8Array }) => ({
  async list(
    filter: { role?: Role | undefined; banned?: boolean | undefined },
    page: PageQuery,
  ): Promise<Ids> {
    const who =
      filter.banned === true
        ? { banned: true as const }
        : filter.role === undefined
          ? undefined
          : { role: filter.role }
    const name = `people:${JSON.stringify(who ?? {})}`
    const [ms, id] =
      page.cursor === undefined ? [] : decodeCursor(name, page.cursor, cursorSecret, ['number', 'string'])
    const after = ms === undefined || id === undefined ? undefined : { ms, id }
    const rows = await store.peopleQuery(db, who, { limit: page.limit + 1, after }).execute()
    const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
      encodeCursor(name, [last.banned_ms ?? 0, last.id], cursorSecret),
    )
    return { ids: items.map((row) => row.id), nextCursor }
  },

  madeSince: async (fromId: string): Promise<number> =>
    Number((await store.madeSinceQuery(db, fromId).executeTakeFirst())?.count ?? 0),

  /** By the beginning of the nickname; the first page also holds who is called so exactly, by user name or id. */
  async search(text: string, page: PageQuery): Promise<Ids> {
    const key = text.toLowerCase().replace(/^@/, '').slice(0, 60)
    const name = `people:q:${key}`
    const after =
      page.cursor === undefined
        ? undefined
        : decodeCursor(name, page.cursor, cursorSecret, ['string', 'string'])
    const rows = await store.nicknameQuery(db, key, { limit: page.limit + 1, after }).execute()
    const { items, nextCursor } = cutPage(rows, page.limit, (last) =>
      encodeCursor(name, [last.nickname_key, last.id], cursorSecret),
    )
    const first = after === undefined ? await firstHits(key) : []
    return { ids: [...new Set([...first, ...items.map((row) => row.id)])], nextCursor }

    async function firstHits(prefix: string): Promise<string[]> {
      const exact = /^[0-9a-z]{26}$/.test(prefix) ? await store.findUser(db, prefix) : undefined
      const named = await store.usernameQuery(db, prefix, 10).execute()
      return [...(exact ? [exact.id] : []), ...named.map((row) => row.id)]
    }
  },
})
