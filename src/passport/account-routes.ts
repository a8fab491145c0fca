/** Owns the routes by which one looks after one's own account, and those of invitations. */
import type { FastifyInstance } from 'fastify'
import * as contract from '../../contract/account.ts'
import type { Authenticate } from '../platform/http/route.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import { isoTime } from '../user/index.ts'
import { clearRefreshCookie } from './cookie.ts'
import { onBothAddresses } from './routes.ts'
import type { PassportService } from './service.ts'

interface Deps {
  app: FastifyInstance
  router: Router
  service: PassportService
  limits: Limits
  authenticate: Authenticate
}

export const mountAccountRoutes = ({ app, router, service, limits, authenticate }: Deps): void => {
  const onBoth = onBothAddresses(router)
  const { changes, devices, exporting, invites, leaving, passkeys, sessionList, twoStepSetup } = service
  const exports = limits.create({ name: 'export', points: 5, windowS: 3600 })
  const doubts = limits.create({ name: 'account', points: 60, windowS: 600 })
  const who = ({ caller, address }: { caller: { userId: string }; address: string }) => ({
    userId: caller.userId,
    address,
  })

  onBoth(contract.getSessions, async ({ caller }) => ({ items: await sessionList.list(caller) }))
  onBoth(contract.deleteSession, async ({ caller, params, address }) => {
    await sessionList.end(caller, params.id, address)
    return null
  })
  onBoth(contract.deleteSessions, async ({ caller, query, address }) => ({
    ended: await sessionList.endOthers(caller, { keepLive: query.keep_live, address }),
  }))
  router.on(contract.getSecurity, ({ caller }) => service.security(caller))

  onBoth(contract.startTotp, async (call) => {
    await doubts.take(call.caller.userId)
    const { password, ...proof } = call.body
    return twoStepSetup.startTotp(who(call), { current_password: password, ...proof })
  })
  onBoth(contract.confirmTotp, async (call) => ({
    recovery_codes: await twoStepSetup.confirmTotp(who(call), call.body.code),
  }))
  onBoth(contract.deleteTotp, async (call) => {
    await twoStepSetup.deleteTotp(who(call), call.body)
    return null
  })
  onBoth(contract.renewRecoveryCodes, async (call) => ({
    recovery_codes: await twoStepSetup.renewRecoveryCodes(who(call), call.body),
  }))
  onBoth(contract.forgetDevices, async ({ caller }) => {
    await devices.forgetAllTrust(caller.userId)
    return null
  })

  onBoth(contract.getPasskeys, async ({ caller }) => ({ items: await passkeys.listOf(caller.userId) }))
  onBoth(contract.passkeyOptions, async (call) => {
    await doubts.take(call.caller.userId)
    const { nickname } = await service.me(call.caller.userId)
    return twoStepSetup.passkeyOptions(who(call), call.body, nickname)
  })
  onBoth(contract.registerPasskey, (call) => twoStepSetup.registerPasskey(who(call), call.body))
  onBoth(contract.patchPasskey, async ({ caller, params, body }) => {
    await twoStepSetup.renamePasskey(caller.userId, params.id, body.name)
    return null
  })
  onBoth(contract.deletePasskey, async (call) => {
    await twoStepSetup.deletePasskey(who(call), call.params.id, call.body)
    return null
  })

  router.on(contract.putPassword, async ({ caller, body, address }) => {
    await changes.password(caller, body, address)
    return null
  })
  router.on(contract.putMobile, async ({ caller, body, address }) => {
    await changes.mobile(caller, body, address)
    return service.me(caller.userId)
  })
  router.on(contract.putEmail, async ({ caller, body, address }) => {
    await changes.email(caller, body, address)
    return service.me(caller.userId)
  })
  router.on(contract.deleteMe, async ({ caller, body, address, request, reply }) => {
    const dueMs = await leaving.begin(caller, body, address)
    clearRefreshCookie(request, reply)
    return { delete_time: isoTime(dueMs) }
  })

  app.get(
    contract.exportMe.path,
    {
      schema: {
        tags: [contract.exportMe.tag],
        summary: contract.exportMe.summary,
        security: [{ bearer: [] }],
        produces: ['application/zip'],
      },
    },
    async (request, reply) => {
      const caller = await authenticate(request)
      if (caller === undefined) throw new AppError('unauthenticated')
      await exports.take(caller.userId)
      return reply
        .type('application/zip')
        .header('cache-control', 'no-store')
        .header('content-disposition', 'attachment; filename="vireo-export.zip"')
        .send(exporting.stream(caller.userId))
    },
  )

  router.on(contract.getInvites, ({ query }) => invites.list(query))
  router.on(contract.postInvite, ({ caller, body, address }) => invites.make(caller.userId, body, address))
  router.on(contract.deleteInvite, async ({ caller, params, address }) => {
    await invites.remove(caller.userId, params.id, address)
    return null
  })
}
