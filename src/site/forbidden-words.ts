/** Owns when a text holds a word that the site refuses: spaces and marks between the letters do not hide it. */

const bare = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{P}]+/gu, '')

export const holdsOneOf = (text: string, words: readonly string[]): boolean => {
  const folded = bare(text)
  return words.some((word) => {
    const wanted = bare(word)
    return wanted !== '' && folded.includes(wanted)
  })
}
