/**
 * Owns the measure of the pages themselves in Chromium on a slow processor: how much script a first visit loads, when
 * the largest thing is painted, how much moves afterwards, how long the page does not listen.
 *
 * usage: npm run bench -- web
 */
import type { Browser, Page } from 'playwright-core'
import { desktop, launchBrowser, phone } from '../tests/browser.ts'
import { settingsOf, vireo } from '../tests/cli.ts'
import { startMachine } from '../tests/machine.ts'
import type { Machine } from '../tests/machine.ts'
import { against, median, report } from './lib/report.ts'
import type { Line } from './lib/report.ts'

const rounds = 5
/** Lighthouse's phone: a quarter of this machine. */
const slower = 4
/** Long after the last long task of a visit on such a processor. */
const settleMs = 6_000

interface Visit {
  /** Bytes of script as they came, gzip. */
  scriptBytes: number
  /** Largest Contentful Paint, ms. */
  lcp: number
  /** Cumulative Layout Shift. */
  cls: number
  /** Total Blocking Time, ms: what tasks took beyond 50 ms after the first paint. */
  tbt: number
}

/** Begins with the page's first line: later, a shift or a long task would be missed. */
const watching = `(() => {
  const seen = (window.seen = { lcp: 0, cls: 0, tasks: [] })
  const observe = (type, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true })
  observe('largest-contentful-paint', (entry) => (seen.lcp = entry.startTime))
  observe('layout-shift', (entry) => { if (!entry.hadRecentInput) seen.cls += entry.value })
  observe('longtask', (entry) => seen.tasks.push([entry.startTime, entry.duration]))
})()`

const result = `(() => {
  const painted = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0
  const scripts = performance.getEntriesByType('resource').filter(({ name }) => new URL(name).pathname.endsWith('.js'))
  return {
    scriptBytes: scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    lcp: window.seen.lcp,
    cls: window.seen.cls,
    tbt: window.seen.tasks.reduce((sum, [at, ms]) => (at > painted ? sum + Math.max(0, ms - 50) : sum), 0),
  }
})()`

/** A first visit: nothing in the cache. */
const visit = async (browser: Browser, url: string, viewport: typeof desktop): Promise<Visit> => {
  const context = await browser.newContext({ viewport, locale: 'zh-CN' })
  try {
    const page: Page = await context.newPage()
    await page.addInitScript(watching)
    const session = await context.newCDPSession(page)
    await session.send('Emulation.setCPUThrottlingRate', { rate: slower })
    await page.goto(url)
    await page.waitForTimeout(settleMs)
    return await page.evaluate<Visit>(result)
  } finally {
    await context.close()
  }
}

interface Figure {
  key: keyof Visit
  what: string
  most: number
  unit: string
  digits?: number
  /** How many of what was measured make one of the unit. */
  per?: number
}

const figures = (scriptKb: number): Figure[] => [
  {
    key: 'scriptBytes',
    what: 'script of a first visit',
    most: scriptKb,
    unit: 'kB gzip',
    digits: 1,
    per: 1000,
  },
  { key: 'lcp', what: 'largest contentful paint', most: 2500, unit: 'ms' },
  { key: 'cls', what: 'cumulative layout shift', most: 0.1, unit: '', digits: 3 },
  { key: 'tbt', what: 'total blocking time', most: 200, unit: 'ms' },
]

const linesOf = (name: string, visits: readonly Visit[], scriptKb: number, settings: string): Line[] =>
  figures(scriptKb).map(({ key, what, most, unit, digits = 0, per = 1 }) =>
    against({
      what: `${name}: ${what}`,
      value: median(visits.map((one) => one[key])) / per,
      target: { most },
      unit,
      digits,
      settings,
    }),
  )

const fill = async (machine: Machine): Promise<string> => {
  const { code, err } = await vireo(['demo', '--yes'], { environment: settingsOf(machine) })
  if (code !== 0) throw new Error(`vireo demo ended with ${code}: ${err}`)
  const { data } = await machine.request('GET', '/api/v1/videos')
  const [first] = (data as { items: { id: string }[] }).items
  return `${machine.base}/video/${first?.id ?? ''}`
}

await using machine = await startMachine()
const watch = await fill(machine)
await using browser = await launchBrowser()
const lines: Line[] = []
for (const [name, url, viewport, scriptKb] of [
  ['home', machine.base, phone, 200],
  ['home, desktop', machine.base, desktop, 200],
  ['watch', watch, phone, 380],
] as const) {
  const visits: Visit[] = []
  for (let round = 0; round < rounds; round++) visits.push(await visit(browser, url, viewport))
  const settings = `demo content, ${viewport.width}×${viewport.height}, processor ${slower}× slowed, empty cache, loopback, medians of ${rounds}`
  lines.push(...linesOf(name, visits, scriptKb, settings))
}
report(lines)
