/** Owns what can be said of the database server: what it is, and whether it keeps what we rest on. */
import { sql } from 'kysely'
import type { Db } from './db.ts'

export interface Server {
  name: string
  version: string
  properties: { what: string; isWell: boolean; mend: string }[]
  /** Its clock; the embedded engine has ours. */
  clockMs: number | undefined
}

export const describeServer = (db: Db): Promise<Server> =>
  db.engine === 'sqlite' ? describeSqlite(db) : describeMysql(db)

const describeSqlite = async (db: Db): Promise<Server> => {
  const [row] = (await sql<{ version: string }>`select sqlite_version() as version`.execute(db)).rows
  const [mode] = (
    await sql<{ journal_mode: string }>`select journal_mode from pragma_journal_mode`.execute(db)
  ).rows
  const journal = mode?.journal_mode ?? 'unknown'
  return {
    name: 'SQLite',
    version: row?.version ?? '',
    properties: [
      {
        what: `journal mode ${journal}`,
        isWell: journal === 'wal',
        mend: 'move the data directory to a local disk',
      },
    ],
    clockMs: undefined,
  }
}

const describeMysql = async (db: Db): Promise<Server> => {
  const askedMs = Date.now()
  const [row] = (
    await sql<
      Record<string, string | number>
    >`select version() as version, @@character_set_connection as charset,
      @@collation_database as collation, unix_timestamp(now(3)) * 1000 as now_ms, @@max_allowed_packet as packet,
      @@innodb_flush_log_at_trx_commit as flush_log`.execute(db)
  ).rows
  const isolation = await isolationOf(db)
  const version = String(row?.['version'])
  const collation = String(row?.['collation'])
  const packet = Number(row?.['packet'])
  return {
    name: /maria/i.test(version) ? 'MariaDB' : 'MySQL',
    version,
    properties: [
      {
        what: `isolation ${isolation}`,
        isWell: isolation === 'READ-COMMITTED',
        mend: 'let the user set its own isolation',
      },
      {
        what: `letters: ${collation}`,
        isWell: collation.startsWith('utf8mb4'),
        mend: 'ALTER DATABASE … CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
      },
      {
        what: `max_allowed_packet ${packet}`,
        isWell: packet >= 16_000_000,
        mend: 'max_allowed_packet = 16M',
      },
      {
        what: `innodb_flush_log_at_trx_commit ${row?.['flush_log']}`,
        isWell: Number(row?.['flush_log']) === 1,
        mend: 'innodb_flush_log_at_trx_commit = 1: what was acknowledged must survive a power cut',
      },
    ],
    clockMs: Number(row?.['now_ms']) + (Date.now() - askedMs) / 2,
  }
}

/** The variable's name differs; each server knows one of them. */
const isolationOf = async (db: Db): Promise<string> => {
  const { rows } = await sql<
    Record<string, string>
  >`show variables where variable_name in ('tx_isolation', 'transaction_isolation')`.execute(db)
  return Object.values(rows[0] ?? {})[1] ?? 'unknown'
}
