/** Owns all SQL on destinations. Who sends writes a row's state only as long as it holds the row. */
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Queries } from '../../platform/db/db.ts'
import type { DestinationTable } from '../tables.ts'

export type DestinationRow = Selectable<DestinationTable>

export const insertDestination = async (q: Queries, row: DestinationRow): Promise<void> => {
  await q.insertInto('destination').values(row).execute()
}

export const ownedQuery = (q: Queries, ownerId: string, limit: number) =>
  q.selectFrom('destination').selectAll().where('owner_id', '=', ownerId).orderBy('id').limit(limit)

export const findDestination = (
  q: Queries,
  ownerId: string,
  id: string,
): Promise<DestinationRow | undefined> =>
  q
    .selectFrom('destination')
    .selectAll()
    .where('id', '=', id)
    .where('owner_id', '=', ownerId)
    .executeTakeFirst()

/** What its owner changes: whoever sends by what was before stops. */
export const changeDestination = async (
  q: Queries,
  id: string,
  change: Partial<DestinationRow>,
): Promise<void> => {
  await q
    .updateTable('destination')
    .set({ ...change, version: sql<number>`${sql.ref('version')} + 1` })
    .where('id', '=', id)
    .execute()
}

export const deleteDestination = async (q: Queries, ownerId: string, id: string): Promise<boolean> => {
  const result = await q
    .deleteFrom('destination')
    .where('id', '=', id)
    .where('owner_id', '=', ownerId)
    .executeTakeFirst()
  return result.numDeletedRows === 1n
}

/** Destinations of rooms that are on the air, with the session to send. */
export const wantedQuery = (q: Queries) =>
  q
    .selectFrom('destination')
    .innerJoin('live_session', 'live_session.running_key', 'destination.owner_id')
    .selectAll('destination')
    .select('live_session.id as session_id')
    .where('destination.enabled', '=', 1)
    .where('live_session.on_air', '=', 1)
    .limit(200)

/** Takes the row until then, or keeps it; false where somebody else holds it or its owner changed it. */
export const holdDestination = async (
  q: Queries,
  row: Pick<DestinationRow, 'id' | 'version'>,
  sender: string,
  nowMs: number,
  untilMs: number,
): Promise<boolean> => {
  const result = await q
    .updateTable('destination')
    .set({ sender, sender_until_ms: untilMs })
    .where('id', '=', row.id)
    .where('version', '=', row.version)
    .where('enabled', '=', 1)
    .where((eb) =>
      eb.or([eb('sender', 'is', null), eb('sender', '=', sender), eb('sender_until_ms', '<', nowMs)]),
    )
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

export const writeState = async (
  q: Queries,
  id: string,
  sender: string,
  change: Partial<DestinationRow>,
): Promise<void> => {
  await q.updateTable('destination').set(change).where('id', '=', id).where('sender', '=', sender).execute()
}

export const deleteAllOf = async (q: Queries, ownerId: string): Promise<void> => {
  await q.deleteFrom('destination').where('owner_id', '=', ownerId).execute()
}
