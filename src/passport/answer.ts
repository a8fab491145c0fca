/** Owns how a freshly opened session is answered: tokens in JSON, or for the web the refresh token in its cookie. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Tokens } from '../../contract/passport.ts'
import { isWeb, setRefreshCookie } from './cookie.ts'
import type { PassportService } from './service.ts'
import type { OpenSession } from './sessions.ts'
import { accessLifeS } from './tokens.ts'

export type AnswerSession = (
  session: OpenSession,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<Tokens>

export const createAnswerSession =
  (service: PassportService): AnswerSession =>
  async (session, request, reply) => {
    if (isWeb(request)) setRefreshCookie(request, reply, session.refreshToken)
    return {
      user: await service.me(session.userId),
      access_token: session.accessToken,
      ...(isWeb(request) ? {} : { refresh_token: session.refreshToken }),
      token_type: 'Bearer',
      expires_in: accessLifeS,
    }
  }
