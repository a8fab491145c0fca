/** Owns what can be done with sentences: finding one, choosing its form for a number, filling its blanks. */

/** Every path to a sentence: `home.live_now`. */
export type Leaves<T, P extends string = ''> = {
  [K in keyof T & string]: T[K] extends string ? `${P}${K}` : Leaves<T[K], `${P}${K}.`>
}[keyof T & string]

export type Values = Readonly<Record<string, string | number>>

/** The sentence at a path such as `home.live_now`. */
export const find = (sentences: object, name: string): string | undefined => {
  const found = name
    .split('.')
    .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], sentences)
  return typeof found === 'string' ? found : undefined
}

/** Of `none | one | many` or `one | many` the form for this number; a sentence with one form has it for all. */
export const formFor = (sentence: string, count: number): string => {
  const forms = sentence.split(' | ')
  const at = forms.length === 2 ? (count === 1 ? 0 : 1) : Math.min(count, forms.length - 1, 2)
  return forms[at] ?? sentence
}

/** `{x}` becomes the value of `x`; a blank without one stays. */
export const fill = (sentence: string, values: Values): string =>
  sentence.replace(/\{(\w+)\}/g, (blank, key: string) => String(values[key] ?? blank))
