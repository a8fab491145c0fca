/**
 * Owns how a WebSocket is opened: origin, subprotocols, ticket and caps are looked at before the upgrade, so that a
 * stranger gets a plain HTTP failure. What is said over it comes from the features.
 */
import websocket from '@fastify/websocket'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { AppError } from '../errors/app-error.ts'
import { createConnection } from './socket-connection.ts'
import type { Connection, KeptConnection } from './socket-connection.ts'
import { isOwnOrigin } from './socket-origin.ts'

export type { Connection } from './socket-connection.ts'

export interface SocketsOptions {
  publicUrl: string | undefined
  /** Open sockets of one address, and of all. */
  perAddress: number
  total: number
  now: () => number
}

export interface SocketRoute<Prepared> {
  path: string
  /** Runs before the socket opens; what it throws is the HTTP answer. */
  prepare: (request: FastifyRequest, ticket: string | undefined) => Promise<Prepared>
  open: (connection: Connection, prepared: Prepared) => void
}

export interface Sockets {
  serve<Prepared>(route: SocketRoute<Prepared>): void
  readonly count: number
}

const protocol = 'vireo.1'
const maxFrameBytes = 4096
const probeEveryMs = 25_000
const goodbyeMs = 500

/** Call it once, before the routes. */
export const registerSockets = async (app: FastifyInstance, options: SocketsOptions): Promise<Sockets> => {
  const open = new Set<KeptConnection>()
  const perAddress = new Map<string, number>()

  await app.register(websocket, {
    options: {
      maxPayload: maxFrameBytes,
      perMessageDeflate: false,
      handleProtocols: (offered: Set<string>) => (offered.has(protocol) ? protocol : false),
    },
    // The library says goodbye by itself (1002, 1007, 1009); this is for peers that do not listen.
    errorHandler: (_error, socket) => {
      setTimeout(() => socket.terminate(), goodbyeMs).unref()
    },
    preClose: (done) => {
      clearInterval(prober)
      for (const connection of open) connection.close(1001, 'going away')
      setTimeout(() => {
        for (const client of app.websocketServer.clients) client.terminate()
      }, goodbyeMs).unref()
      app.websocketServer.close()
      done()
    },
  })

  const prober = setInterval(() => {
    for (const connection of open) connection.probe()
  }, probeEveryMs)
  prober.unref()

  const isFull = (address: string): boolean =>
    open.size >= options.total || (perAddress.get(address) ?? 0) >= options.perAddress

  const keep = (socket: WebSocket, { ip: address, raw }: FastifyRequest): Connection => {
    const connection = createConnection(socket, raw.socket, address, options.now)
    open.add(connection)
    perAddress.set(address, (perAddress.get(address) ?? 0) + 1)
    connection.onClose(() => {
      open.delete(connection)
      const left = (perAddress.get(address) ?? 1) - 1
      if (left > 0) perAddress.set(address, left)
      else perAddress.delete(address)
    })
    return connection
  }

  return {
    get count() {
      return open.size
    },
    serve(route) {
      const prepared = new WeakMap<FastifyRequest, Awaited<ReturnType<typeof route.prepare>>>()
      app.route({
        method: 'GET',
        url: route.path.replace(/\{(\w+)\}/g, ':$1'),
        websocket: true,
        preValidation: async (request) => {
          if (!request.ws) throw new AppError('not_found')
          const { origin, host } = request.headers
          if (!isOwnOrigin(origin, host, options.publicUrl)) throw new AppError('forbidden')
          if (isFull(request.ip)) throw new AppError('rate_limited', { retryAfterS: 30 })
          prepared.set(request, await route.prepare(request, ticketOf(request)))
        },
        handler: (socket, request) => {
          const ready = prepared.get(request)
          // Others may have opened theirs while this one was prepared.
          if (ready === undefined || isFull(request.ip)) return socket.close(1013, 'too many sockets')
          route.open(keep(socket, request), ready)
        },
      })
    },
  }
}

/** What stands behind `ticket.` among the offered subprotocols. */
const ticketOf = (request: FastifyRequest): string | undefined => {
  const offered = (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const tickets = offered.filter((name) => name.startsWith('ticket.'))
  const isOurs = offered.length === 0 || offered.includes(protocol)
  if (!isOurs || tickets.length > 1 || offered.length > 8) throw new AppError('params_invalid')
  return tickets[0]?.slice('ticket.'.length)
}
