/** Owns every address inside the web; pages link through these functions only. */
export const paths = {
  home: (category?: string) => (category ? `/?category=${category}` : '/'),
  live: (category?: string) => (category ? `/live?category=${category}` : '/live'),
  room: (id: string) => `/live/${id}`,
  video: (id: string, at?: number) => `/video/${id}${at && at >= 1 ? `?t=${Math.floor(at)}` : ''}`,
  user: (id: string) => `/u/${id}`,
  signIn: (next?: string) => `/login${withNext(next)}`,
  signUp: (next?: string) => `/register${withNext(next)}`,
  /** Where those come who have asked for their account to be deleted. */
  left: (at: string) => `/login?leaving=${encodeURIComponent(at)}`,
  ended: (next: string) => `/login?ended&next=${encodeURIComponent(next)}`,
  resetPassword: () => '/reset-password',
  settings: () => '/settings',
  security: () => '/settings/security',
  me: () => '/me',
  goLive: () => '/studio/live',
  upload: () => '/studio/upload',
  myVideos: (tab?: 'trash') => `/studio/videos${tab ? `?tab=${tab}` : ''}`,
  apiDocs: () => '/docs',
} as const

const withNext = (next?: string): string => (next && next !== '/' ? `?next=${encodeURIComponent(next)}` : '')

/** Only a path of this site is followed after signing in: no scheme, no `//host`, no backslash. */
export const safeNext = (next: unknown): string =>
  typeof next === 'string' &&
  /^\/(?![/\\])[^\\]*$/.test(next) &&
  !/^\/(login|register|reset-password)\b/.test(next)
    ? next
    : '/'
