/**
 * Owns tickets: what a browser shows instead of its token when it opens a socket, since it can send no header then
 * and an address would be logged. One use, 30 seconds.
 */
import { secretToken } from '../ids/ids.ts'

const lifeMs = 30_000

/** What tickets need of the kv port. */
export interface TicketStore {
  set(key: string, value: string, ttlMs: number): Promise<void>
  getdel(key: string): Promise<string | undefined>
}

export interface Tickets {
  /** For whoever is signed in by this session. */
  issue(sessionId: string): Promise<string>
  /** Its session; undefined for a ticket that was used, has expired or never was. */
  redeem(ticket: string): Promise<string | undefined>
}

export const createTickets = (kv: TicketStore): Tickets => ({
  async issue(sessionId) {
    const ticket = secretToken(24)
    await kv.set(`socket_ticket:${ticket}`, sessionId, lifeMs)
    return ticket
  },
  // Taken out before anything else is looked at: of many that show it at once one gets through.
  redeem: async (ticket) => (/^[\w-]{32}$/.test(ticket) ? kv.getdel(`socket_ticket:${ticket}`) : undefined),
})
