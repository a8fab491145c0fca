/** Owns whether a page of this origin may open a socket here. Programs send no Origin and may. */

/** A browser can't lie in `Origin`; `host` is where it believes to be, `publicUrl` where a proxy says we are. */
export const isOwnOrigin = (
  origin: string | undefined,
  host: string | undefined,
  publicUrl: string | undefined,
): boolean => {
  if (origin === undefined) return true
  const given = URL.parse(origin)
  if (given === null || (given.protocol !== 'http:' && given.protocol !== 'https:')) return false
  if (publicUrl !== undefined && URL.parse(publicUrl)?.origin === given.origin) return true
  return host !== undefined && given.host === URL.parse(`${given.protocol}//${host}`)?.host
}
