/** Owns the language of the page: choosing, loading, storing, and a `t` whose keys are checked by the compiler. */
import { computed, ref, shallowRef } from 'vue'
import { setLanguage } from '../api/language.ts'
import { fill, find, formFor } from './words.ts'
import type { Leaves, Values } from './words.ts'
import type { Messages, zhCN } from './zh-CN.ts'

export const languages = ['zh-CN', 'en'] as const
export type Language = (typeof languages)[number]
const key = 'vireo.language'

export type TextKey = Leaves<typeof zhCN>

const isLanguage = (value: unknown): value is Language => languages.some((language) => language === value)

const stored = (): Language | undefined => {
  try {
    const value = localStorage.getItem(key)
    return isLanguage(value) ? value : undefined
  } catch {
    return undefined
  }
}

const preferred = (): Language => stored() ?? (/^zh/i.test(navigator.language) ? 'zh-CN' : 'en')

const load = async (language: Language): Promise<Messages> =>
  language === 'en' ? (await import('./en.ts')).en : (await import('./zh-CN.ts')).zhCN

const chosen = ref<Language>('zh-CN')
const sentences = shallowRef<object>({})

/** Changes the language of everything; the choice is kept. */
export const chooseLanguage = async (language: Language, keep = true): Promise<void> => {
  sentences.value = await load(language)
  chosen.value = language
  document.documentElement.lang = language
  setLanguage(language, t('error.network'))
  if (!keep) return
  try {
    localStorage.setItem(key, language)
  } catch {
    // Then the choice holds until the page is closed.
  }
}

export const startText = (): Promise<void> => chooseLanguage(preferred(), false)

export const language = computed(() => chosen.value)

/** The sentence under `name` with `{x}` filled from `values`. */
export const t = (name: TextKey, values: Values = {}): string =>
  fill(find(sentences.value, name) ?? name, values)

/** The sentence for a number of things: `one | many` in languages that tell them apart. */
export const tn = (name: TextKey, count: number, shown: string | number = count): string =>
  fill(formFor(find(sentences.value, name) ?? name, count), { n: shown })
