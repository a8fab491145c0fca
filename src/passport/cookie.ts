/** Owns the cookie that holds a browser's refresh token, over HTTPS and over plain HTTP on a local network. */
import type { FastifyReply, FastifyRequest } from 'fastify'

const lifeS = 30 * 24 * 3600

// A __Host- cookie must be Secure, and browsers drop Secure cookies on plain http:// to anything but localhost.
const nameFor = (request: FastifyRequest): string =>
  request.isSecure ? '__Host-vireo_refresh' : 'vireo_refresh'

/** The web says so itself; a foreign page can not set this header without our consent (CSRF, OWASP ASVS 3.5.1). */
export const isWeb = (request: FastifyRequest): boolean => request.headers['x-vireo-client'] === 'web'

export const readRefreshCookie = (request: FastifyRequest): string | undefined =>
  isWeb(request) ? request.cookies[nameFor(request)] : undefined

export const setRefreshCookie = (request: FastifyRequest, reply: FastifyReply, token: string): void => {
  reply.setCookie(nameFor(request), token, { ...attributes(request), maxAge: lifeS })
}

export const clearRefreshCookie = (request: FastifyRequest, reply: FastifyReply): void => {
  reply.clearCookie(nameFor(request), attributes(request))
}

const attributes = (request: FastifyRequest) =>
  ({ path: '/', httpOnly: true, sameSite: 'strict', secure: request.isSecure }) as const

const deviceLifeS = 400 * 24 * 3600
const deviceName = (request: FastifyRequest): string =>
  request.isSecure ? '__Host-vireo_device' : 'vireo_device'

/** By it an account knows the browser again; it signs nobody in. */
export const setDeviceCookie = (request: FastifyRequest, reply: FastifyReply, token: string): void => {
  reply.setCookie(deviceName(request), token, { ...attributes(request), maxAge: deviceLifeS })
}

export const readDeviceCookie = (request: FastifyRequest): string | undefined =>
  isWeb(request) ? request.cookies[deviceName(request)] : undefined
