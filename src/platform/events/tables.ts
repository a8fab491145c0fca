/** Owns the row types of events and of their consumers' cursors. */
import type { Generated } from 'kysely'

export interface EventTable {
  id: Generated<number>
  type: string
  payload: string
  at_ms: number
}

export interface EventCursorTable {
  consumer: string
  last_id: Generated<number>
  updated_ms: number
  holder: string | null
  held_until_ms: Generated<number>
}

declare module '../db/tables.ts' {
  interface Tables {
    event: EventTable
    event_cursor: EventCursorTable
  }
}
