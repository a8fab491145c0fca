/**
 * Owns the headers that protect whoever opens our answers in a browser (security.md). Put together once: done for each
 * answer, that took as long as a look-up in the database.
 */
import helmet from 'helmet'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Plain http:// must work on a local network: no HSTS, no upgrade-insecure-requests (they blank the page there). */
const protect = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      // The component library sets style attributes.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      mediaSrc: ["'self'", 'blob:'],
      workerSrc: ["'self'", 'blob:'],
      connectSrc: ["'self'", 'ws:', 'wss:'],
      objectSrc: ["'none'"],
      baseUri: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'self'"],
    },
  },
  strictTransportSecurity: false,
  crossOriginEmbedderPolicy: false,
  originAgentCluster: false,
  crossOriginOpenerPolicy: false,
  referrerPolicy: { policy: 'same-origin' },
})

const written = (): Readonly<Record<string, string>> => {
  const headers: Record<string, string> = {}
  const into = {
    setHeader: (name: string, value: string) => void (headers[name.toLowerCase()] = value),
    removeHeader: () => undefined,
  }
  protect({} as IncomingMessage, into as unknown as ServerResponse, (error) => {
    if (error !== undefined) throw error as Error
  })
  return headers
}

/** By name in small letters; a route may set one of them anew. */
export const protections = written()
