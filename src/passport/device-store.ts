/** Owns all SQL on the devices that an account knows. */
import { upsert } from '../platform/db/portable.ts'
import type { Queries } from '../platform/db/db.ts'

export const findDevice = (db: Queries, userId: string, deviceKey: string) =>
  db
    .selectFrom('known_device')
    .selectAll()
    .where('user_id', '=', userId)
    .where('device_key', '=', deviceKey)
    .executeTakeFirst()

export const saveDevice = (
  q: Queries,
  row: { user_id: string; device_key: string; seen_ms: number; trusted_until_ms: number | null },
): Promise<void> =>
  upsert(q, 'known_device', [row], {
    key: ['user_id', 'device_key'],
    replace: ['seen_ms', 'trusted_until_ms'],
  })

export const countTrusted = async (db: Queries, userId: string, nowMs: number): Promise<number> =>
  Number(
    (
      await db
        .selectFrom('known_device')
        .select((eb) => eb.fn.countAll().as('n'))
        .where('user_id', '=', userId)
        .where('trusted_until_ms', '>', nowMs)
        .executeTakeFirstOrThrow()
    ).n,
  )

export const forgetTrust = async (q: Queries, userId: string): Promise<void> => {
  await q.updateTable('known_device').set({ trusted_until_ms: null }).where('user_id', '=', userId).execute()
}

export const forgetDevices = async (q: Queries, userId: string): Promise<void> => {
  await q.deleteFrom('known_device').where('user_id', '=', userId).execute()
}

export const deleteOldDevices = async (db: Queries, beforeMs: number): Promise<void> => {
  await db.deleteFrom('known_device').where('seen_ms', '<', beforeMs).execute()
}
