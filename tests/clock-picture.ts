/**
 * Owns a publisher whose picture carries the time: a row of black and white cells, the milliseconds of `Date.now()` in
 * binary, and the same inverted below it. Read back in a browser it says how old a picture is, and which one it is.
 */
import { spawn } from 'node:child_process'
import type { Page } from 'playwright-core'

const width = 640
const height = 360
const cell = 16
const bits = width / cell
const framesPerSecond = 30

export interface ClockPublisher extends AsyncDisposable {
  /** Ends the stream cleanly. */
  finish(): Promise<void>
}

/** Publishes to `url` with x264, a keyframe every `gop` frames; with B-frames, or as encoders do that may not wait. */
export const publishClock = (url: string, { gop = 60, zeroLatency = false } = {}): ClockPublisher => {
  const ffmpeg = spawn(
    'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'error'],
      ...[
        '-f',
        'rawvideo',
        '-pix_fmt',
        'gray',
        '-s',
        `${width}x${height}`,
        '-r',
        String(framesPerSecond),
        '-i',
        'pipe:0',
      ],
      ...['-f', 'lavfi', '-i', 'sine', '-shortest'],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-g', String(gop), '-pix_fmt', 'yuv420p'],
      ...(zeroLatency ? ['-tune', 'zerolatency'] : ['-bf', '2']),
      ...['-c:a', 'aac', '-f', 'flv', url],
    ],
    { stdio: ['pipe', 'ignore', 'ignore'] },
  )
  ffmpeg.stdin.on('error', () => undefined)
  const exited = new Promise<void>((resolve) => ffmpeg.once('exit', () => resolve()))
  const startedMs = Date.now()
  let frames = 0
  const timer = setInterval(() => {
    while (frames < ((Date.now() - startedMs) * framesPerSecond) / 1000)
      ffmpeg.stdin.write(drawFrame(Date.now(), frames++))
  }, 8)
  return {
    async finish() {
      clearInterval(timer)
      ffmpeg.stdin.end()
      await exited
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      ffmpeg.kill('SIGKILL')
      await exited
    },
  }
}

const drawFrame = (nowMs: number, frame: number): Buffer => {
  const picture = Buffer.alloc(width * height, 60 + ((frame * 2) % 120))
  for (let bit = 0; bit < bits; bit++) {
    const isOn = Math.floor(nowMs / 2 ** (bits - 1 - bit)) % 2 === 1
    for (let y = 0; y < cell * 2; y++) {
      const isBright = y < cell ? isOn : !isOn
      picture.fill(isBright ? 235 : 16, y * width + bit * cell, y * width + (bit + 1) * cell)
    }
  }
  return picture
}

/** The time in the picture that the page's first video shows, ms since 1970; undefined if it can not be read. */
export const readClock = (page: Page): Promise<number | undefined> =>
  page.evaluate<number | undefined>(`(${readerScript})(document.querySelector('video'))`)

/** A function of a video element, as text: it runs in the browser. */
export const readerScript = `(video) => {
  if (!video || video.readyState < 2 || video.videoWidth === 0) return undefined
  const canvas = (window.clockCanvas ??= new OffscreenCanvas(${width}, ${cell * 2}))
  const context = canvas.getContext('2d', { willReadFrequently: true })
  context.drawImage(video, 0, 0, video.videoWidth, video.videoHeight * ${(cell * 2) / height}, 0, 0, ${width}, ${cell * 2})
  const { data } = context.getImageData(0, 0, ${width}, ${cell * 2})
  let value = 0
  for (let bit = 0; bit < ${bits}; bit++) {
    const x = bit * ${cell} + ${cell / 2}
    const on = data[(${cell / 2} * ${width} + x) * 4] > 128
    const off = data[(${cell * 1.5} * ${width} + x) * 4] > 128
    if (on === off) return undefined
    value = value * 2 + (on ? 1 : 0)
  }
  // The cells hold 40 bits; now has 41.
  return value + Math.floor(Date.now() / 2 ** ${bits}) * 2 ** ${bits}
}`
