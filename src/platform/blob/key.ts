/** Owns what a key may look like: `videos/3f9k/720p/segment-1.m4s`. */

const part = /^[A-Za-z0-9_][A-Za-z0-9_.=@-]{0,127}$/

/** No empty, hidden or `..` part, no NUL, no backslash, nothing absolute: wrong keys are bugs, not user errors. */
export const checkKey = (key: string): string => {
  const parts = key.split('/')
  if (key.length > 512 || parts.some((name) => !part.test(name) || name.includes('..'))) {
    throw new Error(`Not a key: ${JSON.stringify(key.slice(0, 200))}`)
  }
  return key
}

/** A key with a slash at its end, so that `videos/1/` never reaches `videos/10`; empty means everything. */
export const checkPrefix = (prefix: string): string => {
  if (prefix === '') return prefix
  if (!prefix.endsWith('/')) throw new Error(`A prefix ends with a slash: ${JSON.stringify(prefix)}`)
  checkKey(prefix.slice(0, -1))
  return prefix
}
