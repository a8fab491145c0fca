/** Owns the toasts: what was done, what failed, and the way back. */
import { useToast } from '@nuxt/ui/composables'
import { ApiError } from '../api/call.ts'
import { t } from '../i18n/text.ts'

/** The sentence for a failure: the server's own words where it gave some. */
export const errorText = (error: unknown): string => {
  if (!(error instanceof ApiError)) return t('error.unknown')
  if (error.error === 'rate_limited' && error.retryAfterS) {
    return t('error.rate_limited', { n: Math.ceil(error.retryAfterS) })
  }
  if (error.error === 'unknown') return t('error.unknown')
  return error.message
}

export const useNotice = () => {
  const toast = useToast()
  return {
    done: (title: string) => toast.add({ title, icon: 'i-lucide-circle-check', color: 'success' }),
    failed: (error: unknown) =>
      toast.add({ title: errorText(error), icon: 'i-lucide-circle-alert', color: 'error', duration: 7000 }),
    warn: (title: string) =>
      toast.add({ title, icon: 'i-lucide-circle-alert', color: 'warning', duration: 7000 }),
    undo: (title: string, label: string, back: () => void) =>
      toast.add({
        title,
        icon: 'i-lucide-trash-2',
        color: 'neutral',
        duration: 9000,
        actions: [{ label, color: 'primary', variant: 'soft', onClick: back }],
      }),
  }
}
