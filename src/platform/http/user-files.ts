/** Owns how bytes that users brought are handed out: opened as a page of their own they can do nothing. */
import type { FastifyInstance } from 'fastify'

/** No script, form, plugin or origin of ours for whatever below `prefix` a browser may be talked into showing (OWASP ASVS 3.2.1). */
const policy = "default-src 'none'; sandbox; frame-ancestors 'none'"

export const sandboxUserFiles = (app: FastifyInstance, prefix: string): void => {
  app.addHook('onRequest', async (request, reply) => {
    if (request.url.startsWith(prefix)) reply.header('content-security-policy', policy)
  })
}
