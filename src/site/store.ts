/** Owns all SQL on what the site remembers of itself. */
import type { Queries, Transaction } from '../platform/db/db.ts'
import { upsert } from '../platform/db/portable.ts'

export const replaceValue = async (trx: Transaction, name: string, value: string): Promise<void> => {
  await trx.deleteFrom('site_value').where('name', '=', name).execute()
  await trx.insertInto('site_value').values({ name, value }).execute()
}

/** Deletes the value if it is still this one; true for exactly one of any number of callers. */
export const takeValue = async (db: Queries, name: string, value: string): Promise<boolean> => {
  const result = await db
    .deleteFrom('site_value')
    .where('name', '=', name)
    .where('value', '=', value)
    .executeTakeFirst()
  return result.numDeletedRows === 1n
}

export const findSettings = (db: Queries): Promise<{ name: string; value: string }[]> =>
  db.selectFrom('site_setting').select(['name', 'value']).limit(100).execute()

export const putSetting = (trx: Transaction, name: string, value: string, nowMs: number): Promise<void> =>
  upsert(trx, 'site_setting', [{ name, value, changed_ms: nowMs }], {
    key: ['name'],
    replace: ['value', 'changed_ms'],
  })

export const deleteSetting = async (trx: Transaction, name: string): Promise<void> => {
  await trx.deleteFrom('site_setting').where('name', '=', name).execute()
}
