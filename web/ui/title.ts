/** Owns the document's title, and the site's name as it stands in it. */
import { onScopeDispose, readonly, ref, watchEffect } from 'vue'

const name = ref('Vireo')
/** What the site is called. */
export const siteName = readonly(name)

/** Said once the server has told what the site is called, and when that changes. */
export const nameSite = (text: string): void => {
  const before = name.value
  name.value = text
  if (document.title === before) document.title = text
}

/** Sets the title while the page is open; undefined leaves the site's name alone. */
export const useTitle = (title: () => string | undefined): void => {
  watchEffect(() => {
    const text = title()
    document.title = text ? `${text} · ${name.value}` : name.value
  })
  onScopeDispose(() => {
    document.title = name.value
  })
}
