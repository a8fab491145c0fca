/** Owns the socket of a signed-in user. It refuses whoever is not, and everything but signs of life. */
import { userSocketPath } from '../../contract/message.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Caller } from '../platform/http/route.ts'
import type { Sockets } from '../platform/http/socket.ts'
import type { Tickets } from '../platform/http/socket-ticket.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { Log } from '../platform/log/log.ts'
import type { Hub } from './hub.ts'

interface Deps {
  sockets: Sockets
  tickets: Tickets
  limits: Limits
  callerOf: (sessionId: string) => Promise<Caller | undefined>
  hub: Hub
  log: Log
}

const maxNonsense = 5

export const mountUserSocket = ({ sockets, tickets, limits, callerOf, hub, log }: Deps): void => {
  const opened = limits.create({ name: 'user_socket', points: 600, windowS: 60 })

  sockets.serve<Caller>({
    path: userSocketPath,
    async prepare(request, ticket) {
      await opened.take(request.ip)
      const sessionId = ticket === undefined ? undefined : await tickets.redeem(ticket)
      const caller = sessionId === undefined ? undefined : await callerOf(sessionId)
      if (caller === undefined) throw new AppError('unauthenticated')
      return caller
    },
    open(connection, caller) {
      let nonsense = 0
      connection.onText((text) => {
        if (text.replace(/\s/g, '') === '{"type":"heartbeat"}') return
        if (++nonsense > maxNonsense) connection.close(1008, 'not understood')
      })
      hub.join(connection, caller).catch((error: unknown) => {
        log.warn({ err: error }, 'a socket could not be served')
        connection.close(1011, 'try again')
      })
    },
  })
}
