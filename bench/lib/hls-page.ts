/** Owns an empty page with hls.js and nothing of ours, and what a page's video says of its stalls. */
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const hlsFile = createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js')

/** Plays `url` with hls.js as it comes. */
export const openPlainPlayer = async (page: Page, url: string): Promise<void> => {
  await page.setContent('<video muted autoplay playsinline style="width:640px"></video>')
  await page.addScriptTag({ path: hlsFile })
  await page.evaluate(`(() => {
    const hls = new Hls({ enableWorker: false })
    hls.loadSource(${JSON.stringify(url)})
    hls.attachMedia(document.querySelector('video'))
    window.player = hls
  })()`)
}

/** How often playback waited for data since the first call. */
export const stallsOf = (page: Page): Promise<number> =>
  page.evaluate<number>(`(() => {
    const video = document.querySelector('video')
    if (window.stalls === undefined) {
      window.stalls = 0
      video.addEventListener('waiting', () => window.stalls++)
    }
    return window.stalls
  })()`)
