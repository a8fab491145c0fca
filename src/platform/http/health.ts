/** Owns /healthz (the process lives), /readyz (it can serve) and /metrics. */
import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors/app-error.ts'

export interface HealthOptions {
  /** Each resolves when its part works; what it throws makes the answer 503. */
  checks: Readonly<Record<string, () => Promise<void>>>
  metrics: { text(): Promise<string>; readonly contentType: string }
  /** Numbers tell strangers how busy a site is: only this machine reads them, and not through a proxy on it. */
  mayReadMetrics: (request: { address: string; isForwarded: boolean }) => boolean
}

const checkTimeoutMs = 2_000

export const registerHealth = (
  app: FastifyInstance,
  { checks, metrics, mayReadMetrics }: HealthOptions,
): void => {
  const hidden = { schema: { hide: true } as object }

  app.get('/healthz', hidden, async (_request, reply) =>
    reply.type('application/json').send('{"status":"ok"}'),
  )

  app.get('/readyz', hidden, async (_request, reply) => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await isWorking(check)] as const),
    )
    const isReady = results.every(([, works]) => works)
    const body = {
      status: isReady ? 'ready' : 'not_ready',
      checks: Object.fromEntries(results.map(([name, works]) => [name, works ? 'ok' : 'failed'])),
    }
    return reply
      .code(isReady ? 200 : 503)
      .type('application/json')
      .send(JSON.stringify(body))
  })

  app.get('/metrics', hidden, async (request, reply) => {
    const { 'x-forwarded-for': forwardedFor, forwarded } = request.headers
    const isForwarded = forwardedFor !== undefined || forwarded !== undefined
    const isAllowed = mayReadMetrics({ address: request.ip, isForwarded })
    if (!isAllowed) throw new AppError('not_found')
    return reply.type(metrics.contentType).send(await metrics.text())
  })
}

const isWorking = async (check: () => Promise<void>): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('too slow')), checkTimeoutMs)
  })
  try {
    await Promise.race([check(), late])
    return true
  } catch {
    // The part itself logs why it fails; here only that it does.
    return false
  } finally {
    clearTimeout(timer)
  }
}
