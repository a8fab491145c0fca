/** Owns in which of the two languages an answer speaks. */
import type { Text } from '../../../contract/endpoint.ts'

export type Language = 'zh' | 'en'

/** Picks by `Accept-Language` (RFC 9110 §12.5.4); Chinese where nothing is said. */
export const languageOf = (acceptLanguage: string | undefined): Language => {
  let best: { language: Language; weight: number } | undefined
  for (const range of (acceptLanguage ?? '').slice(0, 200).split(',')) {
    const [tag = '', ...parameters] = range.trim().toLowerCase().split(';')
    const language = tag.startsWith('zh') ? 'zh' : tag.startsWith('en') ? 'en' : undefined
    const weight = Number(/^\s*q=([\d.]+)$/.exec(parameters[0] ?? '')?.[1] ?? 1)
    if (language !== undefined && weight > (best?.weight ?? 0)) best = { language, weight }
  }
  return best?.language ?? 'zh'
}

/** The text in that language with `{name}` filled in. */
export const say = (text: Text, language: Language, params: Readonly<Record<string, string>> = {}): string =>
  text[language].replace(/\{(\w+)\}/g, (whole, name: string) => params[name] ?? whole)
