/** Owns copying, also on plain http where the clipboard interface is missing. */
export const copyText = async (text: string): Promise<boolean> => {
  try {
    if (window.isSecureContext) {
      await navigator.clipboard.writeText(text)
      return true
    }
  } catch {
    // Refused: the old way may still work.
  }
  const area = document.createElement('textarea')
  area.value = text
  area.readOnly = true
  area.style.cssText = 'position:fixed;opacity:0;inset:0'
  // Inside an open dialog the focus may not leave it.
  const host = document.querySelector('[role=dialog][data-state=open]') ?? document.body
  const before = document.activeElement
  host.append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  if (before instanceof HTMLElement) before.focus()
  return copied
}
