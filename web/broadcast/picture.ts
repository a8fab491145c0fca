/**
 * Owns the picture of a broadcast: camera, screen, or the screen with the camera in its corner, as frames of one size
 * at a steady rate. A screen that stands still gives no frames, so the last one is given again.
 */
import type { Quality } from './quality.ts'
import { readFrames } from './frames.ts'
import type { FrameReader } from './frames.ts'

export interface Picture {
  setTrack(source: PictureSource, track: MediaStreamTrack | undefined): void
  /** Nobody sees the camera: a dark picture goes out in its place. */
  setHidden(hidden: boolean): void
  /** To be called often: gives a frame when the next one is due. */
  tick(): void
  close(): void
}
export type PictureSource = 'camera' | 'screen'

/** The camera's width in the corner of a shared screen. */
const cornerShare = 0.22
const cornerGap = 0.02

export const createPicture = (
  quality: Pick<Quality, 'width' | 'height' | 'fps'>,
  onFrame: (frame: VideoFrame, atMs: number) => void,
): Picture => {
  const width = quality.width - (quality.width % 2)
  const { height } = quality
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { alpha: false, desynchronized: true })
  const frameMs = 1000 / quality.fps
  const readers = new Map<PictureSource, FrameReader>()
  const latest = new Map<PictureSource, VideoFrame>()
  let hidden = false
  let lastMs = -Infinity

  /** As large as fits, its proportions kept. */
  const drawWhole = (frame: VideoFrame): void => {
    const scale = Math.min(width / frame.displayWidth, height / frame.displayHeight)
    const [w, h] = [frame.displayWidth * scale, frame.displayHeight * scale]
    context?.drawImage(frame, (width - w) / 2, (height - h) / 2, w, h)
  }
  const drawCorner = (frame: VideoFrame): void => {
    const w = width * cornerShare
    const h = (w * frame.displayHeight) / frame.displayWidth
    const gap = width * cornerGap
    context?.drawImage(frame, width - w - gap, height - h - gap, w, h)
  }
  const composed = (): VideoFrame => {
    const screen = latest.get('screen')
    const camera = hidden ? undefined : latest.get('camera')
    const main = screen ?? camera
    // As it comes where nothing has to be drawn.
    if (main && main === camera && main.displayWidth * height === main.displayHeight * width)
      return main.clone()
    if (context) {
      context.fillStyle = '#10130f'
      context.fillRect(0, 0, width, height)
    }
    if (main) drawWhole(main)
    if (screen && camera) drawCorner(camera)
    return new VideoFrame(canvas, { timestamp: 0 })
  }

  const give = (nowMs: number): void => {
    // Keeps the rate although frames come a little early or late; after a gap it begins anew.
    lastMs = nowMs - lastMs < frameMs * 2 ? lastMs + frameMs : nowMs
    onFrame(composed(), nowMs)
  }
  const isDue = (nowMs: number, share: number): boolean => nowMs - lastMs >= frameMs * share

  const onNew = (source: PictureSource, frame: VideoFrame): void => {
    latest.get(source)?.close()
    latest.set(source, frame)
    const leads = source === (readers.has('screen') ? 'screen' : 'camera')
    const nowMs = performance.now()
    if (leads && isDue(nowMs, 0.75)) give(nowMs)
  }

  return {
    setTrack(source, track) {
      readers.get(source)?.stop()
      readers.delete(source)
      latest.get(source)?.close()
      latest.delete(source)
      if (track)
        readers.set(
          source,
          readFrames(track, (frame) => onNew(source, frame)),
        )
    },
    setHidden: (next) => void (hidden = next),
    tick() {
      const nowMs = performance.now()
      if (isDue(nowMs, 1.6)) give(nowMs)
    },
    close() {
      for (const reader of readers.values()) reader.stop()
      for (const frame of latest.values()) frame.close()
      readers.clear()
      latest.clear()
    },
  }
}
