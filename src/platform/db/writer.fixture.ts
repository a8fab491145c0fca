/** Owns a process for tests to kill: it writes rows and says each one that was acknowledged. */
import { writeSync } from 'node:fs'
import { systemClock } from '../clock/clock.ts'
import { silentLog } from '../log/log.ts'
import { openDatabase } from './db.ts'
import type { DatabaseConfig } from './db.ts'

const config = JSON.parse(process.argv[2] ?? '') as DatabaseConfig
const run = process.argv[3] ?? ''
const db = await openDatabase({ config, log: silentLog, clock: systemClock })

const write = async (lane: number): Promise<void> => {
  for (let n = 0; ; n++) {
    const id = `${run}-${lane}-${n}`
    await db.transaction(async (trx) => {
      // Two rows that belong together: half of it must never be seen.
      await trx
        .insertInto('schema_migration')
        .values({ migration: id, step: 1, name: '', at_ms: 0 })
        .execute()
      await trx
        .insertInto('schema_migration')
        .values({ migration: id, step: 2, name: '', at_ms: 0 })
        .execute()
    })
    writeSync(1, `${id}\n`)
  }
}
await Promise.all([0, 1, 2, 3].map(write))
