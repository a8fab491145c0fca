/** Owns what the API process serves: every route and socket is mounted here. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import type { AppDeps } from './app.ts'
import { mountDanmakuRoutes } from './danmaku/index.ts'
import type { Features } from './features.ts'
import { mountLivePlayRoutes, mountLiveRoutes, mountRoomSocket } from './live/index.ts'
import {
  createAnswerSession,
  createAuthenticate,
  createSetAvatar,
  mountAvatarRoute,
  mountPassportRoutes,
} from './passport/index.ts'
import { registerDocs } from './platform/http/docs.ts'
import { registerHealth } from './platform/http/health.ts'
import { measureHttp } from './platform/http/measure.ts'
import { createRouter } from './platform/http/route.ts'
import { createHttpServer } from './platform/http/server.ts'
import { createTickets } from './platform/http/socket-ticket.ts'
import { registerSockets } from './platform/http/socket.ts'
import { sandboxUserFiles } from './platform/http/user-files.ts'
import { registerWebFiles } from './platform/http/web-files.ts'
import { createMetrics } from './platform/metrics/metrics.ts'
import { mountPlaybackRoutes } from './playback/index.ts'
import { createSiteDescription, mountSiteRoutes } from './site/index.ts'
import { mountRelationRoutes, mountUserRoutes } from './user/index.ts'
import { version } from './version.ts'
import { mountUploadRoutes, mountVideoRoutes } from './video/index.ts'

const webDirectory = join(fileURLToPath(new URL('.', import.meta.url)), '..', 'web', 'dist')
const loopback = /^(127\.|::1$|::ffff:127\.)/

type Deps = Pick<AppDeps, 'config' | 'clock' | 'log'> & { features: Features }

export const createHttp = async ({ config, clock, log, features }: Deps): Promise<FastifyInstance> => {
  const { kv, limits, blobs, images, users, relations, passport, setup, missing, live, danmaku, videos } =
    features
  const metrics = createMetrics()
  const app = await createHttpServer({
    log,
    trustedProxies: config.trustedProxies,
    publicUrl: config.publicUrl,
    tls: config.tls,
    onAnswered: measureHttp(metrics),
  })
  await registerDocs(app, { title: `${config.siteName} API`, version, publicUrl: config.publicUrl })
  sandboxUserFiles(app, '/play/')
  const sockets = await registerSockets(app, {
    publicUrl: config.publicUrl,
    // A school or a company may share one address.
    perAddress: 500,
    total: 20_000,
    now: clock.now,
  })

  const authenticate = createAuthenticate(passport)
  const router = createRouter(app, authenticate)
  const answerSession = createAnswerSession(passport)
  const describeSite = createSiteDescription({ config, version, setup, missing, now: clock.now })
  const { callerOf } = passport.sessions

  mountPassportRoutes({ app, router, service: passport, answerSession, users, limits })
  mountAvatarRoute({
    app,
    router,
    service: passport,
    setAvatar: createSetAvatar({ blobs, images, users }),
    limits,
  })
  mountUserRoutes(router, { service: users })
  mountRelationRoutes({ router, relations, limits })
  mountSiteRoutes({ router, setup, limits, describeSite, answerSession })
  mountVideoRoutes({ app, router, service: videos, limits })
  mountUploadRoutes({ app, uploads: videos.uploads, maxBytes: videos.maxUploadBytes, authenticate, limits })
  mountDanmakuRoutes({ router, service: danmaku, users, timelineOf: videos.timelineOf })
  mountLiveRoutes({ app, router, limits, live, config })
  mountLivePlayRoutes({ app, live })
  mountRoomSocket({ router, sockets, tickets: createTickets(kv), limits, callerOf, live })
  mountPlaybackRoutes({ app, blobs, playable: videos.playable })
  registerHealth(app, {
    checks: {
      database: async () => void (await users.hasAdmin()),
      kv: async () => void (await kv.get('ready')),
    },
    metrics,
    mayReadMetrics: ({ address, isForwarded }) => !isForwarded && loopback.test(address),
  })
  await registerWebFiles(app, { directory: webDirectory, log })
  return app
}
