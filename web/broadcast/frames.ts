/** Owns reading pictures out of a track: by a track processor, which works in hidden pages too, else through a video element. */

export interface FrameReader {
  stop(): void
}

interface TrackProcessor {
  readable: ReadableStream<VideoFrame>
}
type TrackProcessorMaker = new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => TrackProcessor

/** The receiver closes each frame. */
export const readFrames = (track: MediaStreamTrack, onFrame: (frame: VideoFrame) => void): FrameReader => {
  const Processor = (globalThis as { MediaStreamTrackProcessor?: TrackProcessorMaker })
    .MediaStreamTrackProcessor
  return Processor
    ? readProcessed(new Processor({ track, maxBufferSize: 2 }), onFrame)
    : readShown(track, onFrame)
}

const readProcessed = (processor: TrackProcessor, onFrame: (frame: VideoFrame) => void): FrameReader => {
  const reader = processor.readable.getReader()
  let stopped = false
  const run = async (): Promise<void> => {
    for (;;) {
      const { value, done } = await reader.read()
      if (done || stopped) return value?.close()
      onFrame(value)
    }
  }
  // A track that ends ends its stream; that is said by the track itself.
  run().catch(() => undefined)
  return {
    stop() {
      stopped = true
      reader.cancel().catch(() => undefined)
    },
  }
}

const readShown = (track: MediaStreamTrack, onFrame: (frame: VideoFrame) => void): FrameReader => {
  const video = document.createElement('video')
  video.muted = true
  video.playsInline = true
  video.srcObject = new MediaStream([track])
  let stopped = false
  const next = (): void => {
    video.requestVideoFrameCallback(() => {
      if (stopped) return
      if (video.videoWidth > 0) onFrame(new VideoFrame(video, { timestamp: 0 }))
      next()
    })
  }
  next()
  void video.play().catch(() => undefined)
  return {
    stop() {
      stopped = true
      video.srcObject = null
    },
  }
}
