/** Owns the tables of search: which words stand in which video, and what people looked for. */
import type { EngineName } from '../engine.ts'
import type { Migration } from '../migrate.ts'
import { col, createIndex, createTable } from '../schema.ts'
import type { Ddl } from '../schema.ts'

/** The primary key is the table: a list of a word's videos is read in one stretch. */
const clustered =
  (table: Ddl): Ddl =>
  (engine: EngineName) =>
    engine === 'sqlite' ? `${table(engine)}, WITHOUT ROWID` : table(engine)

export const search: Migration = {
  id: '0010-search',
  steps: [
    clustered(
      createTable(
        'search_term',
        { term: col.text(32), video_id: col.id(), weight: col.int() },
        { primaryKey: ['term', 'video_id'] },
      ),
    ),
    createIndex('search_term', ['video_id']),
    createTable(
      'search_query',
      { query: col.text(40), text: col.text(40), hot: col.bigint() },
      { primaryKey: ['query'] },
    ),
    createIndex('search_query', ['hot', 'query']),
  ],
}
