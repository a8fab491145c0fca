/** Owns the route that takes a user's picture. */
import type { FastifyInstance } from 'fastify'
import { postAvatar } from '../../contract/user.ts'
import { readPicture, registerMultipart } from '../platform/http/multipart.ts'
import type { Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import type { SetAvatar } from './avatar.ts'
import type { PassportService } from './service.ts'

interface Deps {
  app: FastifyInstance
  router: Router
  service: PassportService
  setAvatar: SetAvatar
  limits: Limits
}

export const mountAvatarRoute = ({ app, router, service, setAvatar, limits }: Deps): void => {
  registerMultipart(app)
  const pictures = limits.create({ name: 'avatar', points: 30, windowS: 3600 })

  router.on(postAvatar, async ({ caller, request }) => {
    await pictures.take(caller.userId)
    await setAvatar(caller.userId, await readPicture(request))
    return service.me(caller.userId)
  })
}
