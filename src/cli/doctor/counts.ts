/** Owns the look at stored counts: each must be the number of rows that it counts. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config/load.ts'
import { openBeside } from '../database.ts'
import { fail, ok } from './finding.ts'
import type { Finding } from './finding.ts'
import { countChecks } from './store.ts'

/** A few are enough to see what is wrong. */
const shown = 5
const settleMs = 2_500

export async function* lookAtCounts(config: Config): AsyncIterable<Finding> {
  await using db = await openBeside(config)
  for (const { name, wrong } of countChecks) {
    let rows = await wrong(db, shown + 1)
    if (rows.length > 0) {
      // Some counts are copied about once a second: only what stays wrong is wrong.
      await sleep(settleMs)
      rows = await wrong(db, shown + 1)
    }
    if (rows.length === 0) yield ok('counts', name)
    else {
      const some = rows.slice(0, shown).map(({ id, stored, real }) => `${id}: ${stored} for ${real}`)
      const more = rows.length > shown ? ', …' : ''
      yield fail(
        'counts',
        `${name} differ (${some.join(', ')}${more})`,
        'stop Vireo, look again, and report it: this is a bug',
      )
    }
  }
}
