/** Owns how a freshly opened session is answered: tokens in JSON, or for the web the lasting ones in cookies. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Tokens } from '../../contract/passport.ts'
import { isWeb, readRefreshCookie, setDeviceCookie, setRefreshCookie } from './cookie.ts'
import type { PassportService } from './service.ts'
import type { SignedIn } from './sessions.ts'
import { accessLifeS } from './tokens.ts'

export type AnswerSession = (
  session: SignedIn,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<Tokens>

export const createAnswerSession =
  (service: PassportService): AnswerSession =>
  async (session, request, reply) => {
    const { deviceToken } = session
    if (isWeb(request)) {
      // A browser holds one session: the one before it ends with a new sign-in.
      const before = deviceToken === undefined ? undefined : readRefreshCookie(request)
      if (before !== undefined) await service.sessions.revokeByToken(before, request.ip)
      setRefreshCookie(request, reply, session.refreshToken)
      if (deviceToken !== undefined) setDeviceCookie(request, reply, deviceToken)
    }
    return {
      user: await service.me(session.userId),
      access_token: session.accessToken,
      ...(isWeb(request) ? {} : { refresh_token: session.refreshToken }),
      ...(!isWeb(request) && deviceToken !== undefined && { device_token: deviceToken }),
      ...(session.deletionCancelled && { deletion_cancelled: true }),
      token_type: 'Bearer',
      expires_in: accessLifeS,
    }
  }
