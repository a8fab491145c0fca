/** Owns the player that stands in frames of other sites: one video or room, the browser's own controls, a link back. */
import { attach } from '../player/attach.ts'

const given = document.body.dataset
const query = new URLSearchParams(location.search)
const isOn = (name: string): boolean => ['1', 'true'].includes(query.get(name) ?? '')
const isChinese = document.documentElement.lang.startsWith('zh')
const words = isChinese
  ? {
      none: '这里没有可以播放的内容',
      idle: '主播现在不在',
      failed: '播放失败',
      open: '打开页面',
      retry: '重试',
    }
  : {
      none: 'There is nothing to play here',
      idle: 'Not live right now',
      failed: 'It could not be played',
      open: 'Open the page',
      retry: 'Try again',
    }

const element = <K extends keyof HTMLElementTagNameMap>(
  name: K,
  className = '',
): HTMLElementTagNameMap[K] => {
  const made = document.createElement(name)
  made.className = className
  return made
}
const link = (text: string): HTMLAnchorElement => {
  const made = element('a')
  made.href = given['href'] ?? '/'
  made.target = '_blank'
  made.rel = 'noopener'
  made.textContent = text
  return made
}

const note = (text: string, action: HTMLElement = link(words.open)): HTMLElement => {
  const made = element('div', 'note')
  made.setAttribute('role', 'status')
  const line = element('p')
  line.textContent = text
  made.append(line, action)
  document.body.append(made)
  return made
}

const start = async (): Promise<void> => {
  if (given['kind'] === 'none') return void note(words.none)
  const bar = element('div', 'bar')
  bar.append(link(given['title'] ?? ''), link(given['site'] ?? ''))
  document.body.append(bar)
  if (!given['hls']) return void note(words.idle)

  const video = element('video')
  video.controls = true
  video.playsInline = true
  video.title = given['title'] ?? ''
  if (given['poster']) video.poster = given['poster']
  // Browsers start with sound only after a click: without it, playing by itself is silent.
  video.autoplay = isOn('autoplay')
  video.muted = isOn('muted') || video.autoplay
  document.body.prepend(video)
  video.addEventListener('play', () => document.body.classList.add('playing'))
  video.addEventListener('pause', () => document.body.classList.remove('playing'))

  const at = Number(query.get('t'))
  let failure: HTMLElement | undefined
  const playback = await attach({
    video,
    source: {
      hls: given['hls'],
      lowLatency: given['low'] || undefined,
      live: given['kind'] === 'room',
      startAt: Number.isFinite(at) && at > 0 ? at : undefined,
    },
    keepTrying: () => true,
    onState: (state) => {
      failure?.remove()
      failure = undefined
      if (state !== 'failed') return
      const again = element('button')
      again.textContent = words.retry
      again.addEventListener('click', () => playback.retry())
      failure = note(words.failed, again)
    },
  })
}

void start()
