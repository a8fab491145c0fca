/** Owns the routes of what authors do with danmaku, and of taking danmaku out as a file. */
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import * as contract from '../../contract/danmaku-curation.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { readPicture, registerMultipart } from '../platform/http/multipart.ts'
import type { Authenticate, Caller, Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import { assertCurator } from './curation.ts'
import type { Curation } from './curation.ts'
import { contentTypes, writeDanmaku } from './exchange-write.ts'
import type { FindTimeline } from './routes.ts'

interface Deps {
  app: FastifyInstance
  router: Router
  curation: Curation
  timelineOf: FindTimeline
  authenticate: Authenticate
  limits: Limits
}

export const mountCurationRoutes = (deps: Deps): void => {
  const { app, router, curation, timelineOf, authenticate, limits } = deps
  registerMultipart(app)
  const imports = limits.create({ name: 'danmaku_import', points: 20, windowS: 3600 })
  const exports = limits.create({ name: 'danmaku_export', points: 30, windowS: 60 })
  const changes = limits.create({ name: 'danmaku_change', points: 120, windowS: 60 })

  const seen = async (videoId: string, caller: Caller | undefined) => {
    const timeline = await timelineOf(videoId, caller)
    if (timeline === undefined) throw new AppError('not_found')
    return timeline
  }
  const curated = async (videoId: string, caller: Caller) => {
    const timeline = await seen(videoId, caller)
    assertCurator(timeline, caller)
    return timeline
  }

  router.on(contract.getDensity, async ({ params, caller }) =>
    curation.density(await seen(params.id, caller)),
  )
  router.on(contract.listOwnDanmaku, async ({ params, query, caller }) =>
    curation.list(await curated(params.id, caller), query),
  )
  router.on(contract.protectDanmaku, async ({ params, caller }) => {
    await changes.take(caller.userId)
    await curation.protect(params.id, true, caller)
    return null
  })
  router.on(contract.unprotectDanmaku, async ({ params, caller }) => {
    await changes.take(caller.userId)
    await curation.protect(params.id, false, caller)
    return null
  })
  router.on(contract.lockDanmaku, async ({ params, caller }) => {
    const { timelineId } = await curated(params.id, caller)
    await curation.lock(timelineId, caller)
    return null
  })
  router.on(contract.unlockDanmaku, async ({ params, caller }) => {
    const { timelineId } = await curated(params.id, caller)
    await curation.unlock(timelineId)
    return null
  })
  router.on(contract.importDanmaku, async ({ params, caller, request }) => {
    const film = await curated(params.id, caller)
    await imports.take(caller.userId)
    return curation.import(film, await readPicture(request), caller)
  })

  const { path, tag, summary, query } = contract.exportDanmaku
  const schema = { tags: [tag], summary, querystring: query, security: [{}, { bearer: [] }] }
  const url = path.replace('{id}', ':id')
  app.get(url, { schema }, async (request, reply) => {
    const { id } = request.params as { id: string }
    const { format } = request.query as { format: keyof typeof contentTypes }
    const caller = await authenticate(request)
    const { timelineId } = await seen(id, caller)
    await exports.take(caller?.userId ?? request.ip)
    return reply
      .type(contentTypes[format])
      .header('cache-control', 'no-store')
      .header('content-disposition', `attachment; filename="danmaku.${format}"`)
      .send(Readable.from(writeDanmaku(format, curation.exportOf(timelineId))))
  })
}
