/** Owns the passport's routes, at both of their addresses, and those about oneself. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import {
  atBarePath,
  checkMobile,
  emailCode,
  imageCode,
  login,
  logout,
  passkeySignIn,
  passkeySignInOptions,
  passportPrefixes,
  refresh,
  register,
  resetConfirm,
  resetRequest,
  smsCode,
  twoStep,
  twoStepPasskeyOptions,
} from '../../contract/passport.ts'
import type { Endpoint } from '../../contract/endpoint.ts'
import { getMe, patchMe } from '../../contract/user.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Handler, Router } from '../platform/http/route.ts'
import { randomName } from '../platform/ids/ids.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { UserService } from '../user/index.ts'
import type { AnswerSession } from './answer.ts'
import { clearRefreshCookie, readDeviceCookie, readRefreshCookie } from './cookie.ts'
import type { PassportService } from './service.ts'
import type { Device } from './sessions.ts'

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
  // Somebody with a whole network of addresses gets four times what one address gets.
  const perAddress = (name: string, points: number, windowS: number) =>
    limits.create({ name, points, windowS, networkPoints: 4 * points })
  const pictures = perAddress('image_code', 60, minute)
  const checks = perAddress('check_mobile', 30, minute)
  const registrations = perAddress('register', 30, hour)
  const signIns = perAddress('login', 60, 10 * minute)
  // Every page that is opened anew refreshes once, and a whole office may share an address.
  const refreshes = limits.create({ name: 'refresh', points: 2_000, windowS: 10 * minute })

  const codes = perAddress('codes', 30, hour)
  const secondSteps = perAddress('two_step', 60, 10 * minute)
  const resets = perAddress('reset', 20, hour)
  const onBoth = onBothAddresses(router)

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

  onBoth(smsCode, async ({ body, caller, address, language }) => {
    await codes.take(address)
    return service.codeRequests.sms(body, { userId: caller?.userId, address, language })
  })

  onBoth(emailCode, async ({ body, caller, address, language }) => {
    await codes.take(address)
    return service.codeRequests.email(body, { userId: caller?.userId, address, language })
  })

  onBoth(register, async ({ body, address, request, reply }) => {
    await registrations.take(address)
    const session = await service.register(body, deviceOf(request, body.device_token))
    return answerSession(session, request, reply)
  })

  onBoth(login, async ({ body, address, request, reply }) => {
    await signIns.take(address)
    const answer = await service.signIn(body, deviceOf(request, body.device_token))
    return 'two_step_required' in answer ? answer : answerSession(answer, request, reply)
  })

  onBoth(twoStep, async ({ body, address, request, reply }) => {
    await secondSteps.take(address)
    const session = await service.twoStep.complete(body, deviceOf(request, body.device_token))
    return answerSession(session, request, reply)
  })

  onBoth(twoStepPasskeyOptions, async ({ body, address }) => {
    await secondSteps.take(address)
    return service.twoStep.passkeyOptions(body.two_step_token)
  })

  onBoth(passkeySignInOptions, async ({ address }) => {
    await secondSteps.take(address)
    const id = randomName()
    return { id, options: await service.passkeys.options(`sign_in:${id}`, undefined) }
  })

  onBoth(passkeySignIn, async ({ body, address, request, reply }) => {
    await signIns.take(address)
    const session = await service.passkeySignIn(
      body.id,
      body.credential,
      deviceOf(request, body.device_token),
    )
    return answerSession(session, request, reply)
  })

  onBoth(resetRequest, async ({ body, address, language }) => {
    await resets.take(address)
    await service.reset.request(body, address, language)
    return null
  })

  onBoth(resetConfirm, async ({ body, address }) => {
    await resets.take(address)
    await service.reset.confirm(body, address)
    return null
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

  onBoth(logout, async ({ body, caller, address, request, reply }) => {
    const token = body?.refresh_token ?? readRefreshCookie(request)
    if (caller) await service.sessions.revoke(caller, address)
    if (token !== undefined) await service.sessions.revokeByToken(token, address)
    clearRefreshCookie(request, reply)
    return null
  })

  router.on(getMe, ({ caller }) => service.me(caller.userId))

  router.on(patchMe, async ({ caller, body }) => {
    await users.changeProfile(caller.userId, body)
    return service.me(caller.userId)
  })
}

const deviceOf = (request: FastifyRequest, token?: string): Device => ({
  device: (request.headers['user-agent'] ?? '').slice(0, 200),
  address: request.ip,
  token: token ?? readDeviceCookie(request),
})

/** The passport's routes stand at the bare path of the original specification, too. */
export const onBothAddresses =
  (router: Router) =>
  <E extends Endpoint>(spec: E, handler: Handler<E>): void => {
    router.on(spec, handler)
    router.on(atBarePath(spec), handler)
  }
