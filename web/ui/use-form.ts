/** Owns what all forms do: one error beside each field, the rest above, the first wrong field focused. */
import { nextTick, reactive, ref } from 'vue'
import { ApiError } from '../api/call.ts'
import type { CallErrorCode } from '../api/call.ts'
import { errorText } from './notice.ts'

/** Which field an error code belongs to when the server named none. */
export type FieldOfCode = Partial<Record<CallErrorCode, string>>

export const useForm = (fieldOfCode: FieldOfCode = {}) => {
  const errors = reactive<Record<string, string | undefined>>({})
  const general = ref<string>()
  const busy = ref(false)
  const form = ref<HTMLElement | null>(null)

  const clear = (): void => {
    for (const name of Object.keys(errors)) errors[name] = undefined
    general.value = undefined
  }

  /** The focus goes to the first field that has an error. */
  const focusFirst = async (): Promise<void> => {
    await nextTick()
    const wrong = Object.keys(errors).filter((name) => errors[name])
    const fields = [...(form.value?.querySelectorAll<HTMLElement>('[name]') ?? [])]
    fields.find((field) => wrong.includes(field.getAttribute('name') ?? ''))?.focus()
  }

  const show = (error: unknown): void => {
    if (error instanceof ApiError) {
      for (const detail of error.details) errors[detail.field.split('.').pop() ?? detail.field] ??= detail.msg
      const field = fieldOfCode[error.error]
      if (field) errors[field] ??= error.message
      if (field || error.details.length > 0) return
    }
    general.value = errorText(error)
  }

  /** Runs `send` once at a time; failures go to their fields. True when it went well. */
  const submit = async (send: () => Promise<unknown>): Promise<boolean> => {
    if (busy.value) return false
    clear()
    busy.value = true
    try {
      await send()
      return true
    } catch (error) {
      show(error)
      void focusFirst()
      return false
    } finally {
      busy.value = false
    }
  }

  /** Shows a failure that came from beside the form, as of a code that could not be sent. */
  const fail = (error: unknown): void => {
    clear()
    show(error)
    void focusFirst()
  }

  return { errors, general, busy, form, submit, focusFirst, clear, fail }
}
