/** Owns the HTTP server: limits, headers, bodies, failures. What is served comes from the features. */
import { randomBytes } from 'node:crypto'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { Log } from '../log/log.ts'
import { registerBodies } from './body.ts'
import { fromZod, sendFailure } from './failure.ts'
import { isPardoned } from './patience.ts'
import { serializerCompiler, validatorCompiler } from './route.ts'
import { ZodError } from 'zod'

export interface HttpServerOptions {
  log: Log
  trustedProxies: readonly string[]
  /** Called after each answer; for metrics. */
  onAnswered?: (method: string, route: string, status: number, durationS: number) => void
}

const jsonBodyBytes = 64 * 1024

export const createHttpServer = async (options: HttpServerOptions): Promise<FastifyInstance> => {
  const app: FastifyInstance = fastify({
    logger: false,
    trustProxy: options.trustedProxies.length > 0 ? [...options.trustedProxies] : false,
    bodyLimit: jsonBodyBytes,
    // A request that trickles in holds a socket no longer than this (uploads raise it for themselves).
    requestTimeout: 30_000,
    connectionTimeout: 0,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
    genReqId: createRequestIds(),
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 2_000, maxHeaderSize: 16 * 1024 },
    frameworkErrors: (error, request, reply) => {
      void sendFailure(error, request, reply, options.log)
    },
    clientErrorHandler: (error, socket) => {
      if (isPardoned(error, socket)) return
      if (socket.writable)
        socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      // Its own half is not waited for: who never hangs up would keep a file descriptor for good.
      socket.destroySoon()
    },
  })
  app.setValidatorCompiler(validatorCompiler as never)
  app.setSerializerCompiler(serializerCompiler as never)
  app.decorateRequest('caller', undefined)
  registerBodies(app)
  await app.register(cookie)
  await app.register(helmet, helmetOptions)

  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    options.onAnswered?.(
      request.method,
      request.routeOptions.url ?? 'none',
      reply.statusCode,
      reply.elapsedTime / 1000,
    )
  })
  app.setErrorHandler((error, request, reply) => {
    const inner = (error as { validation?: unknown }).validation === undefined ? error : validationOf(error)
    return sendFailure(inner, request, reply, options.log)
  })
  return app
}

/** Random per process and counted within: no look at the system's chance for each request. */
const createRequestIds = (): (() => string) => {
  const process = randomBytes(6).toString('base64url')
  let n = 0
  return () => `${process}${(n++).toString(36)}`
}

const validationOf = (error: unknown): unknown => (error instanceof ZodError ? fromZod(error) : error)

/**
 * Plain http:// must work on a local network: no HSTS, no upgrade-insecure-requests (they blank the page there).
 */
const helmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      // The component library sets style attributes.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      mediaSrc: ["'self'", 'blob:'],
      workerSrc: ["'self'", 'blob:'],
      connectSrc: ["'self'", 'ws:', 'wss:'],
      objectSrc: ["'none'"],
      baseUri: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'self'"],
    },
  },
  strictTransportSecurity: false,
  crossOriginEmbedderPolicy: false,
  originAgentCluster: false,
  crossOriginOpenerPolicy: false,
  referrerPolicy: { policy: 'same-origin' as const },
}
