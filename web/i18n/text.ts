/** Owns the language of the page: choosing, loading, storing, and a `t` whose keys are checked by the compiler. */
import { computed } from 'vue'
import { createI18n } from 'vue-i18n'
import { setLanguage } from '../api/language.ts'
import type { Messages, zhCN } from './zh-CN.ts'

export const languages = ['zh-CN', 'en'] as const
export type Language = (typeof languages)[number]
const key = 'vireo.language'

/** Every path to a sentence: `home.live_now`. */
type Leaves<T, P extends string = ''> = {
  [K in keyof T & string]: T[K] extends string ? `${P}${K}` : Leaves<T[K], `${P}${K}.`>
}[keyof T & string]
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

const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: false,
  messages: {},
  missingWarn: false,
})
const composer = i18n.global

/** Changes the language of everything; the choice is kept. */
export const chooseLanguage = async (language: Language, keep = true): Promise<void> => {
  composer.setLocaleMessage(language, { ...(await load(language)) })
  composer.locale.value = language
  document.documentElement.lang = language
  setLanguage(language, t('error.network'))
  if (!keep) return
  try {
    localStorage.setItem(key, language)
  } catch {
    // Then the choice holds until the page is closed.
  }
}

export const startText = async () => {
  await chooseLanguage(preferred(), false)
  return i18n
}

export const language = computed<Language>(() =>
  isLanguage(composer.locale.value) ? composer.locale.value : 'zh-CN',
)

/** The sentence under `name` with `{x}` filled from `values`. */
export const t = (name: TextKey, values: Record<string, string | number> = {}): string =>
  composer.t(name, values)

/** The sentence for a number of things: `one | many` in languages that tell them apart. */
export const tn = (name: TextKey, count: number, shown: string | number = count): string =>
  composer.t(name, { n: shown }, count)
