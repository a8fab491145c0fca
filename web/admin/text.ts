/** Owns the words of administration: they come with its pages, so that nobody else loads them. */
import { shallowRef, watch } from 'vue'
import { language } from '../i18n/text.ts'
import { fill, find } from '../i18n/words.ts'
import type { Leaves, Values } from '../i18n/words.ts'
import type { admin } from '../i18n/zh-CN/admin.ts'

export type AdminKey = Leaves<typeof admin>

const words = shallowRef<object>({})

const load = async (): Promise<void> => {
  const chunk =
    language.value === 'en' ? await import('../i18n/en/admin.ts') : await import('../i18n/zh-CN/admin.ts')
  words.value = chunk.admin
}

/** Resolves when there are words; they follow the language from then on. */
export const adminWords = async (): Promise<void> => {
  watch(language, () => void load())
  await load()
}

/** The sentence under `name` with `{x}` filled from `values`. */
export const at = (name: AdminKey, values: Values = {}): string => fill(find(words.value, name) ?? '', values)

/** The sentence for a name that the server made; the name itself where there is none. */
export const wordFor = (prefix: 'audit.action' | 'jobs.kind', name: string): string =>
  find(
    words.value,
    `${prefix}_${name.replace(/^video\.(?=process|transcode|posters|storyboard)|^user\.(?=unban$)/, '').replaceAll('.', '_')}`,
  ) ?? name
