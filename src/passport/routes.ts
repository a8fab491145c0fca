/** Owns the passport's routes, at both of their addresses, and those about oneself. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import {
  atBarePath,
  checkMobile,
  imageCode,
  login,
  logout,
  passportPrefixes,
  refresh,
  register,
} from '../../contract/passport.ts'
import type { Endpoint } from '../../contract/endpoint.ts'
import { getMe, patchMe } from '../../contract/user.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Handler, Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { UserService } from '../user/index.ts'
import type { AnswerSession } from './answer.ts'
import { clearRefreshCookie, readRefreshCookie } from './cookie.ts'
import type { PassportService } from './service.ts'

interface Deps {
  app: FastifyInstance
  router: Router
  service: PassportService
  answerSession: AnswerSession
  users: UserService
  limits: Limits
}

const minute = 60
const hour = 3600

export const mountPassportRoutes = ({ app, router, service, answerSession, users, limits }: Deps): void => {
  const pictures = limits.create({ name: 'image_code', points: 60, windowS: minute })
  const checks = limits.create({ name: 'check_mobile', points: 30, windowS: minute })
  const registrations = limits.create({ name: 'register', points: 30, windowS: hour })
  const signIns = limits.create({ name: 'login', points: 60, windowS: 10 * minute })
  const refreshes = limits.create({ name: 'refresh', points: 120, windowS: 10 * minute })

  const onBoth = <E extends Endpoint>(spec: E, handler: Handler<E>): void => {
    router.on(spec, handler)
    router.on(atBarePath(spec), handler)
  }

  for (const prefix of passportPrefixes) {
    app.get(
      `${prefix}/image_code`,
      {
        schema: {
          tags: [imageCode.tag],
          summary: imageCode.summary,
          querystring: imageCode.query,
          produces: ['image/jpeg'],
        },
      },
      async (request, reply) => {
        const query = request.query as { cur_id: string; pre_id?: string }
        await pictures.take(request.ip)
        const picture = await service.captcha.issue(query.cur_id, query.pre_id || undefined, request.ip)
        return reply
          .type('image/jpeg')
          .header('cache-control', 'no-store')

          .send(picture)
      },
    )
  }

  onBoth(checkMobile, async ({ body, address, say }) => {
    await checks.take(address)
    const mobile = await service.checkMobile(body.mobile)
    say({ mobile })
    return { mobile }
  })

  onBoth(register, async ({ body, address, request, reply }) => {
    await registrations.take(address)
    return answerSession(await service.register(body, { device: deviceOf(request), address }), request, reply)
  })

  onBoth(login, async ({ body, address, request, reply }) => {
    await signIns.take(address)
    return answerSession(await service.signIn(body, { device: deviceOf(request), address }), request, reply)
  })

  onBoth(refresh, async ({ body, address, request, reply }) => {
    await refreshes.take(address)
    const token = body?.refresh_token ?? readRefreshCookie(request)
    if (token === undefined) throw new AppError('unauthenticated')
    try {
      return await answerSession(await service.sessions.rotate(token, address), request, reply)
    } catch (error) {
      if (error instanceof AppError && error.code === 'unauthenticated') clearRefreshCookie(request, reply)
      throw error
    }
  })

  onBoth(logout, async ({ body, caller, request, reply }) => {
    const token = body?.refresh_token ?? readRefreshCookie(request)
    if (caller) await service.sessions.revoke(caller.sessionId)
    if (token !== undefined) await service.sessions.revokeByToken(token)
    clearRefreshCookie(request, reply)
    return null
  })

  router.on(getMe, ({ caller }) => service.me(caller.userId))

  router.on(patchMe, async ({ caller, body }) => {
    await users.changeProfile(caller.userId, body)
    return service.me(caller.userId)
  })
}

const deviceOf = (request: FastifyRequest): string => (request.headers['user-agent'] ?? '').slice(0, 200)

/** `Authorization: Bearer …`; a header of another kind counts as none. */
export const bearerOf = (request: FastifyRequest): string | undefined =>
  /^Bearer +([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1]
