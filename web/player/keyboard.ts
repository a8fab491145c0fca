/** Owns the player's keys. They hold on the whole page, but never while somebody writes or moves through a menu. */
import { useEventListener } from '@vueuse/core'

export interface PlayerKeys {
  toggle(): void
  seek(seconds: number): void
  volume(step: number): void
  mute(): void
  fullscreen(): void
  danmaku(): void
  /** To the live edge. */
  end(): void
  figures(): void
  help(): void
}

const takesText =
  'input, textarea, select, [contenteditable], [role=menu], [role=listbox], [role=dialog], [role=slider]'
const pressable = 'button, a, summary, [role=button], [role=tab], [role=menuitem]'

/** Which key does what; undefined for all others. */
export const keyAction = (key: string, keys: PlayerKeys): (() => void) | undefined => {
  switch (key.length === 1 ? key.toLowerCase() : key) {
    case ' ':
    case 'k':
      return () => keys.toggle()
    case 'ArrowLeft':
      return () => keys.seek(-5)
    case 'ArrowRight':
      return () => keys.seek(5)
    case 'ArrowUp':
      return () => keys.volume(0.05)
    case 'ArrowDown':
      return () => keys.volume(-0.05)
    case 'm':
      return () => keys.mute()
    case 'f':
      return () => keys.fullscreen()
    case 'd':
      return () => keys.danmaku()
    case 'l':
      return () => keys.end()
    case 'i':
      return () => keys.figures()
    case 'j':
      return () => keys.seek(-10)
    case '?':
      return () => keys.help()
    default:
      return undefined
  }
}

export const usePlayerKeys = (keys: PlayerKeys, host: () => HTMLElement | null): void => {
  useEventListener(document, 'keydown', (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    const [target] = event.composedPath()
    const element = target instanceof Element ? target : null
    if (element?.closest(takesText) || document.querySelector('[role=dialog][data-state=open]')) return
    // media-chrome's own ranges move by arrows themselves.
    if (
      event.key.startsWith('Arrow') &&
      event.composedPath().some((node) => node instanceof Element && /^media-.*-range$/i.test(node.tagName))
    )
      return
    if (event.key === ' ' && element?.closest(pressable)) return
    const inside = host()?.contains(document.activeElement) ?? false
    // Up and down scroll the page unless the player has the focus.
    if ((event.key === 'ArrowUp' || event.key === 'ArrowDown') && !inside) return
    const action = keyAction(event.key, keys)
    if (!action) return
    event.preventDefault()
    action()
  })
}
