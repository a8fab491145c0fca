/**
 * Owns a camera whose picture carries the time, for pages that go live themselves: the cells of `clock-picture.ts`, drawn
 * on a canvas that takes the place of the browser's camera.
 */
import type { BrowserContext } from 'playwright-core'

/** Chromium's own false camera and microphone, allowed without asking. */
export const falseDevices = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']

/** From now on pages of this context see the clock where they ask for a camera; the microphone stays the false one. */
export const useClockCamera = async (context: BrowserContext): Promise<void> => {
  await context.addInitScript(script)
}

// A text: it runs in the browser. 640 × 360 with 40 cells of 16, as the reader expects.
const script = `(() => {
  const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices)
  if (!ask) return
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    if (!wanted.video) return ask(wanted)
    const canvas = document.createElement('canvas')
    canvas.width = 640
    canvas.height = 360
    const context = canvas.getContext('2d')
    let frame = 0
    const draw = () => {
      const now = Date.now()
      const shade = 60 + ((frame++ * 2) % 120)
      context.fillStyle = 'rgb(' + shade + ',' + shade + ',' + shade + ')'
      context.fillRect(0, 0, 640, 360)
      for (let bit = 0; bit < 40; bit++) {
        const on = Math.floor(now / 2 ** (39 - bit)) % 2 === 1
        context.fillStyle = on ? 'rgb(250,250,250)' : 'rgb(5,5,5)'
        context.fillRect(bit * 16, 0, 16, 16)
        context.fillStyle = on ? 'rgb(5,5,5)' : 'rgb(250,250,250)'
        context.fillRect(bit * 16, 16, 16, 16)
      }
    }
    draw()
    setInterval(draw, 33)
    return canvas.captureStream(30)
  }
})()`
