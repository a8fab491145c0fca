/** Owns a real Chromium for tests: fresh profile, no foreign host, console errors and foreign requests recorded. */
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Person } from './machine.ts'

const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path))

export interface Tab extends AsyncDisposable {
  readonly page: Page
  readonly context: BrowserContext
  /** Errors on the console, uncaught exceptions, and requests to any other host. */
  readonly complaints: string[]
}

/** `flags` beside the usual ones, such as a camera that is none. */
export const launchBrowser = async (flags: readonly string[] = []): Promise<Browser & AsyncDisposable> => {
  if (executable === undefined) throw new Error('chromium is missing: apt-get install chromium')
  const browser = await chromium.launch({
    executablePath: executable,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
      ...flags,
    ],
  })
  return Object.assign(browser, { [Symbol.asyncDispose]: () => browser.close() })
}

interface TabOptions {
  locale?: 'zh-CN' | 'en'
  colorScheme?: 'light' | 'dark'
  viewport?: { width: number; height: number }
}

export const desktop = { width: 1440, height: 900 }
export const phone = { width: 390, height: 844 }

export const openTab = async (
  browser: Browser,
  machine: { base: string },
  options: TabOptions = {},
): Promise<Tab> => {
  const { locale = 'zh-CN', colorScheme = 'light', viewport = desktop } = options
  // Over https a test's certificate is one that it has signed itself.
  const ignoreHTTPSErrors = machine.base.startsWith('https:')
  const context = await browser.newContext({
    baseURL: machine.base,
    locale,
    colorScheme,
    viewport,
    ignoreHTTPSErrors,
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`))
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (
      /^https?:$/.test(url.protocol) &&
      url.host !== new URL(page.url().startsWith('http') ? page.url() : machine.base).host
    ) {
      complaints.push(`foreign request: ${request.url()}`)
    }
  })
  return { page, context, complaints, [Symbol.asyncDispose]: () => context.close() }
}

/** Signs somebody in by the site's own form. */
export const signIn = async (page: Page, person: Person): Promise<void> => {
  await page.goto('/login')
  await page.locator('input[autocomplete~="username"], input[name="account"]').first().fill(person.mobile)
  await page.locator('input[type="password"]').first().fill(person.password)
  await page.locator('form button[type="submit"]').first().click()
  await page.waitForURL((url) => !url.pathname.startsWith('/login'))
}

export interface VideoSample {
  /** Of a small picture of the frame that is shown. */
  hash: number
  time: number
  width: number
  muted: boolean
}

/** What the page's first video shows now; undefined while there is no picture. */
export const sampleVideo = (page: Page): Promise<VideoSample | undefined> =>
  page.evaluate<VideoSample | undefined>(sampleScript)

// A text, so that the server's types need not know the browser's.
const sampleScript = `(() => {
  const video = document.querySelector('video')
  if (!video || video.readyState < 2 || video.videoWidth === 0) return undefined
  const canvas = document.createElement('canvas')
  canvas.width = 64
  canvas.height = 36
  const context = canvas.getContext('2d')
  context.drawImage(video, 0, 0, 64, 36)
  let hash = 0
  for (const byte of context.getImageData(0, 0, 64, 36).data) hash = (hash * 31 + byte) | 0
  return { hash, time: video.currentTime, width: video.videoWidth, muted: video.muted }
})()`
