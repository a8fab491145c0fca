/** Owns counting what the program does, in the words of Prometheus. It refuses two metrics of one name. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

type Labels<L extends string> = Record<L, string>

export interface Counting<L extends string> {
  inc(labels: Labels<L>, by?: number): void
}
export interface Level<L extends string> {
  set(labels: Labels<L>, value: number): void
  inc(labels: Labels<L>, by?: number): void
  dec(labels: Labels<L>, by?: number): void
}
export interface Spread<L extends string> {
  observe(labels: Labels<L>, value: number): void
}

/** Labels have few values: a kind, a status; never an id, an address or what a user typed. */
export interface MetricSpec<L extends string> {
  /** With its unit: `http_request_seconds`. */
  name: string
  help: string
  labels?: readonly L[]
}

export interface Metrics {
  counter<L extends string = never>(spec: MetricSpec<L>): Counting<L>
  /** `collect` is asked each time the metrics are read. */
  gauge<L extends string = never>(
    spec: MetricSpec<L> & { collect?: (gauge: Level<L>) => void | Promise<void> },
  ): Level<L>
  histogram<L extends string = never>(spec: MetricSpec<L> & { buckets: readonly number[] }): Spread<L>
  /** The page that Prometheus reads. */
  text(): Promise<string>
  readonly contentType: string
  close(): void
}

export const createMetrics = (options: { prefix?: string; processMetrics?: boolean } = {}): Metrics => {
  const { prefix = 'vireo_', processMetrics = true } = options
  const registry = new Registry()
  if (processMetrics) collectDefaultMetrics({ register: registry, prefix })
  const settings = <L extends string>({ name, help, labels }: MetricSpec<L>) => ({
    name: prefix + name,
    help,
    labelNames: labels ?? [],
    registers: [registry],
  })
  return {
    counter(spec) {
      const counter = new Counter(settings(spec))
      return { inc: (labels, by = 1) => counter.inc(labels, by) }
    },
    gauge({ collect, ...spec }) {
      const gauge: Gauge<string> = new Gauge({
        ...settings<string>(spec),
        ...(collect ? { collect: () => collect(level) } : {}),
      })
      const level = {
        set: (labels: Record<string, string>, value: number) => gauge.set(labels, value),
        inc: (labels: Record<string, string>, by = 1) => gauge.inc(labels, by),
        dec: (labels: Record<string, string>, by = 1) => gauge.dec(labels, by),
      }
      return level
    },
    histogram({ buckets, ...spec }) {
      const histogram = new Histogram({ ...settings(spec), buckets: [...buckets] })
      return { observe: (labels, value) => histogram.observe(labels, value) }
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
    close: () => registry.clear(),
  }
}
