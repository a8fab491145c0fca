/** Owns how tables are described once and made on both engines. It refuses names and sizes one of them can not take. */
import { uniqueName } from './failure.ts'
import type { EngineName } from './engine.ts'

export interface Column {
  readonly sqlite: string
  readonly mysql: string
  readonly nullable: boolean
  readonly default: number | string | undefined
  /** SQLite does not mind a long text: a check makes both engines refuse it. */
  readonly check?: (name: string) => string
  readonly serial?: boolean
}

interface ColumnOptions {
  nullable?: boolean
  default?: number | string
}

const column =
  (sqlite: string, mysql: string, check?: Column['check']) =>
  (options: ColumnOptions = {}): Column => ({
    sqlite,
    mysql,
    nullable: options.nullable ?? false,
    default: options.default,
    ...(check ? { check } : {}),
  })

/** Characters; at most 768 where it stands in an index. */
const text = (length: number, options?: ColumnOptions): Column =>
  column('TEXT', `VARCHAR(${length})`, (name) => `length(${quote(name)}) <= ${length}`)(options)

export const col = {
  /** `sortableId()`. */
  id: (options?: ColumnOptions) => text(26, options),
  publicId: (options?: ColumnOptions) => text(16, options),
  text,
  /** Up to 16 MB; no default, no index. */
  longText: column('TEXT', 'MEDIUMTEXT'),
  /** Stored as text: `JSON.stringify` in, `JSON.parse` out. */
  json: column('TEXT', 'MEDIUMTEXT'),
  int: column('INTEGER', 'INT'),
  /** Also for times: milliseconds UTC. */
  bigint: column('INTEGER', 'BIGINT'),
  /** 0 or 1. */
  bool: column('INTEGER', 'TINYINT', (name) => `${quote(name)} in (0, 1)`),
  real: column('REAL', 'DOUBLE'),
  bytes: (length: number, options?: ColumnOptions): Column =>
    column('BLOB', `VARBINARY(${length})`, (name) => `length(${quote(name)}) <= ${length}`)(options),
  /** A number the engine counts up; the table's primary key. */
  serial: (): Column => ({ ...column('INTEGER', 'BIGINT')(), serial: true }),
}

export interface ForeignKey {
  column: string
  references: [table: string, column: string]
  onDelete?: 'cascade' | 'restrict' | 'set null'
}

/** One statement; a migration is a list of them. */
export type Ddl = (engine: EngineName) => string

export const createTable =
  (
    name: string,
    columns: Readonly<Record<string, Column>>,
    options: { primaryKey?: readonly string[]; foreignKeys?: readonly ForeignKey[] } = {},
  ): Ddl =>
  (engine) => {
    const lines = Object.entries(columns).map(([key, value]) => define(key, value, engine))
    if (options.primaryKey) lines.push(`PRIMARY KEY (${list(options.primaryKey)})`)
    for (const key of options.foreignKeys ?? []) lines.push(foreignKey(key))
    const tail =
      engine === 'sqlite' ? 'STRICT' : 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'
    return `CREATE TABLE ${quote(name)} (${lines.join(', ')}) ${tail}`
  }

export const addColumn =
  (table: string, name: string, value: Column): Ddl =>
  (engine) =>
    `ALTER TABLE ${quote(table)} ADD COLUMN ${define(name, value, engine)}`

/** `desc` in a column's place: `['room_id', 'at_ms desc']`. */
export const createIndex =
  (table: string, columns: readonly string[]): Ddl =>
  () =>
    `CREATE INDEX ${quote(`ix_${table}_${columns.map((name) => name.replace(' desc', '')).join('_')}`)} ON ${quote(table)} (${list(columns)})`

/** Named `uniqueName(table, columns)`, for `isDuplicate`. Nullable columns: any number of rows may hold NULL. */
export const createUnique =
  (table: string, columns: readonly string[]): Ddl =>
  () =>
    `CREATE UNIQUE INDEX ${quote(uniqueName(table, columns))} ON ${quote(table)} (${list(columns)})`

export const dropTable =
  (table: string): Ddl =>
  () =>
    `DROP TABLE IF EXISTS ${quote(table)}`

const define = (name: string, value: Column, engine: EngineName): string => {
  if (value.serial === true) {
    return engine === 'sqlite'
      ? `${quote(name)} INTEGER PRIMARY KEY AUTOINCREMENT`
      : `${quote(name)} BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY`
  }
  const parts = [quote(name), engine === 'sqlite' ? value.sqlite : value.mysql]
  parts.push(value.nullable ? 'NULL' : 'NOT NULL')
  if (value.default !== undefined) parts.push(`DEFAULT ${literal(value.default)}`)
  if (engine === 'sqlite' && value.check) parts.push(`CHECK (${value.check(name)})`)
  return parts.join(' ')
}

const foreignKey = (key: ForeignKey): string =>
  `FOREIGN KEY (${quote(key.column)}) REFERENCES ${quote(key.references[0])} (${quote(key.references[1])}) ON DELETE ${key.onDelete ?? 'restrict'}`

const literal = (value: number | string): string => {
  if (typeof value === 'number') return String(value)
  // The engines disagree on what a backslash means.
  if (!/^[^'\\]*$/.test(value)) throw new Error(`Not a portable default: ${value}`)
  return `'${value}'`
}

/** Both engines read backticks; 64 characters is MySQL's limit. */
const quote = (name: string): string => {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(name)) throw new Error(`Not a portable name: ${name}`)
  return `\`${name}\``
}

const list = (names: readonly string[]): string =>
  names.map((name) => (name.endsWith(' desc') ? `${quote(name.slice(0, -5))} DESC` : quote(name))).join(', ')
