/** Owns the HTTP server: limits, headers, bodies, failures. What is served comes from the features. */
import { randomBytes } from 'node:crypto'
import cookie from '@fastify/cookie'
import fastify from 'fastify'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { Log } from '../log/log.ts'
import { registerBodies } from './body.ts'
import { fromZod, sendFailure } from './failure.ts'
import { isPardoned, limitRequestTime, limitUnreadTime, unreadMs } from './patience.ts'
import { protections } from './protections.ts'
import { serializerCompiler, validatorCompiler } from './route.ts'
import { secureServerOptions, serveSecurely } from './secure.ts'
import type { TlsFiles } from './secure.ts'
import { readCertificate } from '../tls/certificate.ts'
import { ZodError } from 'zod'

export interface HttpServerOptions {
  log: Log
  trustedProxies: readonly string[]
  /** Where people believe to be; https there means Secure cookies and HSTS. */
  publicUrl?: string | undefined
  /** Present makes the port speak HTTPS. */
  tls?: TlsFiles | undefined
  /** For so long an answer may stay unread; five minutes unless a test says otherwise. */
  unreadMs?: number
  /** Called after each answer; for metrics. */
  onAnswered?: (method: string, route: string, status: number, durationS: number) => void
}

const jsonBodyBytes = 64 * 1024
// A request that trickles in holds a socket no longer than this (uploads raise it for themselves).
const requestMs = 30_000
const keepAliveMs = 65_000
const http1 = { headersTimeout: 10_000, connectionsCheckingInterval: 2_000, maxHeaderSize: 16 * 1024 }

export const createHttpServer = async (options: HttpServerOptions): Promise<FastifyInstance> => {
  const { tls, publicUrl, log } = options
  const secure = tls && { files: tls, certificate: readCertificate(tls) }
  const app = fastify({
    logger: false,
    trustProxy: options.trustedProxies.length > 0 ? [...options.trustedProxies] : false,
    bodyLimit: jsonBodyBytes,
    requestTimeout: requestMs,
    connectionTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
    genReqId: createRequestIds(),
    // Given here, Fastify does not load its own compilers of JSON schemas, which nothing would use.
    schemaController: {
      compilersFactory: {
        buildValidator: () => validatorCompiler as never,
        buildSerializer: () => serializerCompiler as never,
      },
    },
    ...(secure === undefined
      ? { http: http1 }
      : {
          http2: true as const,
          http2SessionTimeout: keepAliveMs,
          https: secureServerOptions(secure.certificate, secure.files, {
            ...http1,
            requestTimeout: requestMs,
            keepAliveTimeout: keepAliveMs,
          }),
        }),
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
    // Which of the two protocols speaks is the server's matter; what is above reads both alike.
  } as FastifyServerOptions) as FastifyInstance
  if (secure) serveSecurely(app, secure.certificate, { files: secure.files, publicUrl, log })
  app.decorateRequest('caller', undefined)
  registerBodies(app)
  await app.register(cookie)

  // A proxy that is not trusted can't tell us of its TLS; but who came under the public URL's name came through it. Under
  // another name, on the local network, plain HTTP stays what it is.
  const secureHost = publicUrl?.startsWith('https:') ? URL.parse(publicUrl)?.host : undefined
  app.decorateRequest('isSecure', {
    getter() {
      return this.protocol === 'https' || (secureHost !== undefined && this.host === secureHost)
    },
  })
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.isMedia !== true) reply.headers(protections)
    reply.header('x-request-id', request.id)
    if (secureHost !== undefined && request.isSecure)
      reply.header('strict-transport-security', `max-age=${hstsS}`)
    limitRequestTime(request, requestMs)
    limitUnreadTime(request, options.unreadMs ?? unreadMs)
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

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route sets the few headers that media needs. */
    isMedia?: boolean
  }
  interface FastifyRequest {
    /** The browser talks HTTPS, to us or to a proxy before us. */
    readonly isSecure: boolean
  }
}

const hstsS = 365 * 24 * 3600

/** Random per process and counted within: no look at the system's chance for each request. */
const createRequestIds = (): (() => string) => {
  const process = randomBytes(6).toString('base64url')
  let n = 0
  return () => `${process}${(n++).toString(36)}`
}

const validationOf = (error: unknown): unknown => (error instanceof ZodError ? fromZod(error) : error)
