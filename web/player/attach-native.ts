/** Owns playing where the browser alone knows HLS (an iPhone without media source): the plain playlist, reloaded when it breaks. */
import { backoffMs } from '../api/random.ts'
import type { Playback, PlaybackOptions } from './source.ts'

export const attachNative = ({ video, source, keepTrying, onState }: PlaybackOptions): Playback => {
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const abort = new AbortController()

  const load = (): void => {
    video.src = source.hls
    video.load()
    if (!source.live && source.startAt) video.currentTime = source.startAt
    void video.play().catch(() => undefined)
  }
  const onError = (): void => {
    if (failures >= 5 && !(source.live && keepTrying())) return onState('failed')
    onState('waiting')
    timer = setTimeout(load, backoffMs(failures, 1000, 5000))
    failures += 1
  }
  video.addEventListener('error', onError, { signal: abort.signal })
  video.addEventListener(
    'playing',
    () => {
      failures = 0
      onState('ready')
    },
    { signal: abort.signal },
  )
  load()

  const edge = (): number | undefined =>
    video.seekable.length > 0 ? video.seekable.end(video.seekable.length - 1) : undefined
  return {
    playingDate: () => {
      // Safari alone tells where the timeline stands in time.
      const start =
        'getStartDate' in video ? (video as { getStartDate(): Date }).getStartDate().getTime() : Number.NaN
      return Number.isFinite(start) ? new Date(start + video.currentTime * 1000) : undefined
    },
    latency: () => {
      const end = edge()
      return end === undefined ? undefined : Math.max(0, end - video.currentTime)
    },
    place: () => undefined,
    figures: () => ({
      mode: 'native',
      latency: undefined,
      targetLatency: undefined,
      bandwidth: undefined,
      codecs: undefined,
      stalls: 0,
    }),
    follow: () => undefined,
    goLive: () => {
      const end = edge()
      if (end !== undefined) video.currentTime = end
      void video.play().catch(() => undefined)
    },
    retry: () => {
      failures = 0
      load()
    },
    destroy: () => {
      clearTimeout(timer)
      abort.abort()
      video.removeAttribute('src')
      video.load()
    },
  }
}
