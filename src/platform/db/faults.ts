/** Owns faults for tests: a database whose n-th statement of a transaction is done and then fails, and what stands in it. */
import { sql } from 'kysely'
import type { Kysely, KyselyPlugin } from 'kysely'
import type { Db, Transaction } from './db.ts'
import type { Tables } from './tables.ts'

export interface FaultyDb {
  readonly db: Db
  /** From now on: the transaction ends after so many of its statements; Infinity: never. */
  failAfter(statements: number): void
  /** Statements inside transactions since `failAfter`. */
  count(): number
}

/** `db` with faults; it goes on belonging to who opened it. */
export const createFaultyDb = (db: Db): FaultyDb => {
  let limit = Infinity
  let ran = 0
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      if (++ran === limit) throw new Error('the power went')
      return result
    },
  }
  const transaction: Db['transaction'] = (fn, options) =>
    db.transaction(
      (trx) =>
        fn(
          Object.assign((trx as unknown as Kysely<Tables>).withPlugin(plugin), {
            engine: trx.engine,
            afterCommit: trx.afterCommit,
          }) as unknown as Transaction,
        ),
      options,
    )
  const faulty = new Proxy(db, {
    get(target, name) {
      if (name === 'transaction') return transaction
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  return {
    db: faulty,
    failAfter(statements) {
      limit = statements
      ran = 0
    },
    count: () => ran,
  }
}

/** Every row of every table as JSON, in order, by the table's name. */
export const contentsOf = async (db: Db): Promise<Record<string, string[]>> => {
  const names =
    db.engine === 'mysql'
      ? sql<{
          name: string
        }>`select table_name as name from information_schema.tables where table_schema = database()`
      : sql<{
          name: string
        }>`select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`
  const contents: Record<string, string[]> = {}
  for (const { name } of (await names.execute(db)).rows) {
    const { rows } = await sql`select * from ${sql.table(name)}`.execute(db)
    contents[name] = rows.map((row) => JSON.stringify(row)).sort()
  }
  return contents
}

/** So that whatever asks for it next fails as a bug would. */
export const dropTable = async (db: Db, table: keyof Tables): Promise<void> => {
  await sql`drop table ${sql.table(table)}`.execute(db)
}
