/** Owns the routes that show users. */
import { getUser } from '../../contract/user.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Router } from '../platform/http/route.ts'
import type { UserService } from './service.ts'

export const mountUserRoutes = (router: Router, { service }: { service: UserService }): void => {
  router.on(getUser, async ({ params, caller }) => {
    const user = await service.find(params.id, caller?.userId)
    if (user === undefined) throw new AppError('not_found')
    return user
  })
}
