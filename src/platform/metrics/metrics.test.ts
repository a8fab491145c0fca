import { describe, expect, it } from 'vitest'
import { createMetrics } from './metrics.ts'

describe('metrics', () => {
  it('counts, measures and says so', async () => {
    const metrics = createMetrics()
    metrics
      .counter({ name: 'requests_total', help: 'Requests', labels: ['status'] })
      .inc({ status: '200' }, 2)
    metrics.gauge({ name: 'viewers', help: 'Viewers', collect: (gauge) => gauge.set({}, 7) })
    metrics.histogram({ name: 'request_seconds', help: 'Time', buckets: [0.1, 1] }).observe({}, 0.5)
    const text = await metrics.text()
    expect(text).toContain('vireo_requests_total{status="200"} 2')
    expect(text).toContain('vireo_viewers 7')
    expect(text).toContain('vireo_request_seconds_bucket{le="1"} 1')
    expect(text).toContain('vireo_process_cpu_seconds_total')
    expect(metrics.contentType).toContain('text/plain')
  })

  it('stands beside another one and refuses a name twice', () => {
    const metrics = createMetrics({ processMetrics: false })
    createMetrics({ processMetrics: false }).counter({ name: 'a', help: 'A' })
    metrics.counter({ name: 'a', help: 'A' })
    expect(() => metrics.counter({ name: 'a', help: 'A' })).toThrow()
  })
})
