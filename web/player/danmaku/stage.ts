/** Owns danmaku as moving elements over the picture: text only, one clock that stands still when the video does. */
import { createFixedLanes, createScrollLanes } from './lanes.ts'
import { densityCap } from './settings.ts'
import type { DanmakuSettings } from './settings.ts'

export interface StageItem {
  text: string
  color: string
  mode: 'scroll' | 'top' | 'bottom'
  size: 'small' | 'normal' | 'large'
  /** One's own: framed, and never dropped. */
  own?: boolean
}

export interface Stage {
  show(item: StageItem): void
  setPlaying(playing: boolean, rate: number): void
  apply(settings: DanmakuSettings): void
  clear(): void
  destroy(): void
}

const sizes = { small: 0.8, normal: 1, large: 1.25 } as const
const scrollMs = 8500
const fixedMs = 4500
const lineHeight = 1.6
const gap = 28

export const createStage = (host: HTMLElement, first: DanmakuSettings): Stage => {
  let settings = first
  let playing = false
  let rate = 1
  let clockMs = 0
  let wallMs = performance.now()
  let fontPx = 22
  const running = new Set<Animation>()
  const calm = matchMedia('(prefers-reduced-motion: reduce)')
  const scroll = createScrollLanes(0, 0, gap)
  const top = createFixedLanes(0)
  const bottom = createFixedLanes(0)

  const tick = (): number => {
    const now = performance.now()
    if (playing) clockMs += (now - wallMs) * rate
    wallMs = now
    return clockMs
  }

  const layout = (): void => {
    const { clientWidth: width, clientHeight: height } = host
    fontPx = Math.max(13, Math.min(30, width / 44)) * settings.scale
    const lanes = Math.max(1, Math.floor((height * settings.area - 6) / (fontPx * lineHeight)))
    scroll.resize(width, lanes)
    top.resize(width, Math.max(1, Math.floor(lanes * 0.6)))
    bottom.resize(width, Math.max(1, Math.floor(lanes * 0.4)))
    host.style.opacity = String(settings.opacity)
  }

  const clear = (): void => {
    for (const animation of running) animation.cancel()
    running.clear()
    host.replaceChildren()
    scroll.clear()
    top.clear()
    bottom.clear()
  }

  const element = (item: StageItem): HTMLElement => {
    const node = document.createElement('span')
    node.className = item.own ? 'danmaku danmaku-own' : 'danmaku'
    node.textContent = item.text
    node.style.color = item.color
    node.style.fontSize = `${fontPx * sizes[item.size]}px`
    return node
  }

  const animate = (node: HTMLElement, frames: Keyframe[], durationMs: number): void => {
    const animation = node.animate(frames, { duration: durationMs, easing: 'linear', fill: 'both' })
    animation.playbackRate = rate
    if (!playing) animation.pause()
    running.add(animation)
    const gone = (): void => {
      running.delete(animation)
      node.remove()
    }
    animation.onfinish = gone
    animation.oncancel = gone
  }

  const showMoving = (item: StageItem, node: HTMLElement): boolean => {
    const durationMs = scrollMs / settings.speed
    const width = node.offsetWidth
    const stage = host.clientWidth
    const lane = scroll.place(width, durationMs, tick()) ?? (item.own ? 0 : undefined)
    if (lane === undefined) return false
    node.style.top = `${lane * fontPx * lineHeight + 4}px`
    animate(
      node,
      [{ transform: `translate3d(${stage}px,0,0)` }, { transform: `translate3d(${-width}px,0,0)` }],
      durationMs,
    )
    return true
  }

  const showStanding = (item: StageItem, node: HTMLElement): boolean => {
    const lanes = item.mode === 'bottom' ? bottom : top
    const lane = lanes.place(0, fixedMs, tick()) ?? (item.own ? 0 : undefined)
    if (lane === undefined) return false
    const side = item.mode === 'bottom' ? 'bottom' : 'top'
    node.style[side] = `${lane * fontPx * lineHeight + (side === 'bottom' ? 56 : 4)}px`
    node.style.left = '50%'
    animate(node, [{ transform: 'translateX(-50%)' }, { transform: 'translateX(-50%)' }], fixedMs)
    return true
  }

  const observer = new ResizeObserver(() => {
    clear()
    layout()
  })
  observer.observe(host)
  layout()

  return {
    show: (item) => {
      if (!settings.on || host.clientWidth === 0) return
      if (!item.own && running.size >= densityCap[settings.density]) return
      const node = element(item)
      host.append(node)
      // Whoever asked for less motion gets all of them standing.
      const shown =
        item.mode === 'scroll' && !calm.matches ? showMoving(item, node) : showStanding(item, node)
      if (!shown) node.remove()
    },
    setPlaying: (next, nextRate) => {
      tick()
      playing = next
      rate = nextRate || 1
      for (const animation of running) {
        animation.playbackRate = rate
        if (playing) animation.play()
        else animation.pause()
      }
    },
    apply: (next) => {
      const moved =
        next.scale !== settings.scale || next.area !== settings.area || next.speed !== settings.speed
      settings = { ...next }
      if (moved || !settings.on) clear()
      layout()
    },
    clear,
    destroy: () => {
      observer.disconnect()
      clear()
    },
  }
}
