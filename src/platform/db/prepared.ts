/**
 * Owns queries whose text is made once. For one that runs with every request, making the text costs several times the
 * look-up.
 */
import type { CompiledQuery } from 'kysely'
import type { Queries } from './db.ts'

const placeholder = '\u0000value'

/** `prepared((q, id) => q.selectFrom(…).where('id', '=', id))`: at most one row by one value. */
export const prepared = <Row>(build: (q: Queries, value: string) => { compile(): CompiledQuery<Row> }) => {
  const made = new WeakMap<Queries, CompiledQuery<Row>>()
  return async (q: Queries, value: string): Promise<Row | undefined> => {
    let query = made.get(q)
    if (query === undefined) {
      query = build(q, placeholder).compile()
      made.set(q, query)
    }
    const parameters = query.parameters.map((one) => (one === placeholder ? value : one))
    const { rows } = await q.getExecutor().executeQuery<Row>({ ...query, parameters })
    return rows[0]
  }
}

const mostKinds = 64

/**
 * `preparedList((q, ids) => q.selectFrom(…).where('id', 'in', ids))`: the rows by up to a page of values, one text for
 * each number of them. These are all that it may ask by.
 */
export const preparedList = <Row>(
  build: (q: Queries, values: string[]) => { compile(): CompiledQuery<Row> },
) => {
  const made = new WeakMap<Queries, Map<number, CompiledQuery<Row>>>()
  return async (q: Queries, values: readonly string[]): Promise<Row[]> => {
    if (values.length === 0) return []
    let kinds = made.get(q)
    if (kinds === undefined) {
      kinds = new Map()
      made.set(q, kinds)
    }
    let query = kinds.get(values.length)
    if (query === undefined) {
      query = build(q, [...values]).compile()
      if (kinds.size < mostKinds) kinds.set(values.length, query)
    }
    return (await q.getExecutor().executeQuery<Row>({ ...query, parameters: values })).rows
  }
}
