/** Owns all SQL on what the site remembers of itself. */
import type { Queries, Transaction } from '../platform/db/db.ts'

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

export const findValue = async (db: Queries, name: string): Promise<string | undefined> =>
  (await db.selectFrom('site_value').select('value').where('name', '=', name).executeTakeFirst())?.value
