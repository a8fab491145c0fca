/** Owns what tests ask of a query's plan: does an index find and order the rows? */
import { CompiledQuery } from 'kysely'
import type { Queries } from './db.ts'

export interface Plan {
  /** Every index used. */
  readonly indexes: readonly string[]
  /** A table is read from end to end. */
  readonly fullScan: boolean
  /** The rows are ordered or grouped after reading them. */
  readonly sorts: boolean
  /** The engine's words, for the failure message. */
  readonly text: string
}

type Row = Readonly<Record<string, unknown>>

/** MariaDB reads a small table from end to end whatever its indexes: fill it first, and let it count. */
export const explain = async (q: Queries, query: { compile(): CompiledQuery }): Promise<Plan> => {
  const { sql, parameters } = query.compile()
  const verb = q.engine === 'mysql' ? 'EXPLAIN' : 'EXPLAIN QUERY PLAN'
  const { rows } = await q
    .getExecutor()
    .executeQuery<Row>(CompiledQuery.raw(`${verb} ${sql}`, [...parameters]))
  return q.engine === 'mysql' ? mysqlPlan(rows) : sqlitePlan(rows)
}

const word = (value: unknown): string => (typeof value === 'string' ? value : '')

const mysqlPlan = (rows: readonly Row[]): Plan => ({
  indexes: rows.map((row) => word(row['key'])).filter((key) => key !== ''),
  fullScan: rows.some((row) => row['type'] === 'ALL'),
  sorts: rows.some((row) => /Using (filesort|temporary)/.test(word(row['Extra']))),
  text: JSON.stringify(rows),
})

const sqlitePlan = (rows: readonly Row[]): Plan => {
  const lines = rows.map((row) => word(row['detail']))
  const indexes = lines.map((line) => {
    if (/USING (INTEGER )?PRIMARY KEY/.test(line)) return 'PRIMARY'
    const name = / INDEX (\S+)/.exec(line)?.[1] ?? ''
    // What SQLite makes by itself for a primary key over several columns or a text.
    return name.startsWith('sqlite_autoindex_') ? 'PRIMARY' : name
  })
  return {
    indexes: indexes.filter((name) => name !== ''),
    fullScan: lines.some((line) => /^SCAN (?!.*USING (COVERING )?INDEX)/.test(line)),
    sorts: lines.some((line) => line.includes('USE TEMP B-TREE')),
    text: lines.join('\n'),
  }
}
