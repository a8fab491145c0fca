/** Owns what the API process serves: every route and socket is mounted here. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { mountAdminRoutes } from './admin/index.ts'
import type { AppDeps } from './app.ts'
import { mountCoinRoutes } from './coin/index.ts'
import { mountCommentRoutes } from './comment/index.ts'
import { mountCurationRoutes, mountDanmakuRoutes } from './danmaku/index.ts'
import { mountFeedRoutes } from './feed/index.ts'
import type { Features } from './features.ts'
import { mountLibraryRoutes } from './library/index.ts'
import {
  mountLifeRoutes,
  mountLinkRoutes,
  mountLivePlayRoutes,
  mountLiveRoutes,
  mountOrderRoutes,
  mountPublishSocket,
  mountRoomSocket,
} from './live/index.ts'
import { mountMessageRoutes, mountUserSocket } from './message/index.ts'
import {
  createAnswerSession,
  createAuthenticate,
  createSetAvatar,
  mountAccountRoutes,
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
import { createDvr, mountDvrRoutes, mountPlaybackRoutes } from './playback/index.ts'
import { mountReportRoutes } from './report/index.ts'
import { createDressPage, createLooks, mountSharingRoutes } from './sharing/index.ts'
import { createSiteDescription, mountSiteRoutes } from './site/index.ts'
import { mountRelationRoutes, mountUserRoutes } from './user/index.ts'
import { version } from './version.ts'
import { mountWebhookRoutes } from './webhook/index.ts'
import { mountUploadRoutes, mountVideoRoutes } from './video/index.ts'

const webDirectory = join(fileURLToPath(new URL('.', import.meta.url)), '..', 'web', 'dist')
const loopback = /^(127\.|::1$|::ffff:127\.)/

type Deps = Pick<AppDeps, 'config' | 'clock' | 'log'> & { features: Features }

export const createHttp = async ({ config, clock, log, features }: Deps): Promise<FastifyInstance> => {
  const {
    kv,
    limits,
    blobs,
    images,
    users,
    relations,
    passport,
    setup,
    missing,
    settings,
    admin,
    live,
    danmaku,
    videos,
    coins,
    comments,
    library,
  } = features
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
  const describeSite = createSiteDescription({ config, settings, version, setup, missing, now: clock.now })
  const { callerOf } = passport.sessions

  mountPassportRoutes({ app, router, service: passport, answerSession, users, limits })
  mountAccountRoutes({ app, router, service: passport, limits, authenticate })
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
  mountCoinRoutes(router, { coins })
  mountCommentRoutes({ router, service: comments, limits })
  mountLibraryRoutes({ router, library, limits })
  mountDanmakuRoutes({ router, service: danmaku, users, timelineOf: videos.timelineOf })
  const { curation } = features
  mountCurationRoutes({ app, router, curation, timelineOf: videos.timelineOf, authenticate, limits })
  mountLiveRoutes({ app, router, limits, live, config })
  mountOrderRoutes({ router, order: live.order })
  mountLifeRoutes({ router, limits, live })
  mountLinkRoutes({ app, router, authenticate, limits, live, config })
  const dvr = createDvr({ recordingsDir: config.recordingsDir, now: clock.now })
  mountLivePlayRoutes({ app, live, lookBack: dvr.extend })
  mountDvrRoutes({ app, onAir: live.playback.onAir, directoryOf: dvr.directoryOf })
  const tickets = createTickets(kv)
  mountRoomSocket({ router, sockets, tickets, limits, callerOf, live })
  mountPublishSocket({ sockets, tickets, limits, callerOf, live, now: clock.now })
  mountFeedRoutes({ app, router, limits, feed: features.feed })
  mountReportRoutes({ router, limits, reports: features.reports })
  mountWebhookRoutes({ router, limits, webhooks: features.webhooks })
  mountMessageRoutes({ router, limits, messages: features.messages })
  mountUserSocket({ sockets, tickets, limits, callerOf, hub: features.messages.hub, log })
  mountPlaybackRoutes({ app, blobs, playable: videos.playable })
  mountAdminRoutes(router, { admin })
  registerHealth(app, {
    checks: {
      database: async () => void (await users.hasAdmin()),
      kv: async () => void (await kv.get('ready')),
    },
    metrics,
    mayReadMetrics: ({ address, isForwarded }) => !isForwarded && loopback.test(address),
  })
  const { publicUrl } = config
  const looks = createLooks({ videos, live, users, settings })
  mountSharingRoutes({ app, looks, videos, directory: webDirectory, publicUrl, now: clock.now })
  const dressPage = createDressPage({ looks, publicUrl, now: clock.now })
  await registerWebFiles(app, { directory: webDirectory, log, dressPage })
  return app
}
