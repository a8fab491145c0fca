/** Owns what is counted of HTTP. */
import type { HttpServerOptions } from './server.ts'

interface Histograms {
  histogram(spec: {
    name: string
    help: string
    labels: readonly ('method' | 'route' | 'status')[]
    buckets: readonly number[]
  }): { observe(labels: Record<'method' | 'route' | 'status', string>, value: number): void }
}

export const measureHttp = (metrics: Histograms): NonNullable<HttpServerOptions['onAnswered']> => {
  const requests = metrics.histogram({
    name: 'http_request_seconds',
    help: 'Requests by method, route and status',
    labels: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
  })
  return (method, route, status, durationS) =>
    requests.observe({ method, route, status: String(status) }, durationS)
}
