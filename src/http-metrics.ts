/** Owns what is counted of HTTP. */
import { Histogram, Registry, collectDefaultMetrics } from 'prom-client'

export const createMetrics = () => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const requests = new Histogram({
    name: 'vireo_http_request_seconds',
    help: 'Requests by method, route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  })
  return {
    answered: (method: string, route: string, status: number, durationS: number): void => {
      requests.observe({ method, route, status }, durationS)
    },
    read: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  }
}
