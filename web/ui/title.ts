/** Owns the document's title. */
import { onScopeDispose, watchEffect } from 'vue'

/** Sets the title while the page is open; undefined leaves the site's name alone. */
export const useTitle = (title: () => string | undefined): void => {
  watchEffect(() => {
    const text = title()
    document.title = text ? `${text} · Vireo` : 'Vireo'
  })
  onScopeDispose(() => {
    document.title = 'Vireo'
  })
}
