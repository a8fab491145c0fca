/** Owns every address inside the web; pages link through these functions only. */
export type AdminArea = 'users' | 'videos' | 'live' | 'reports' | 'jobs' | 'settings' | 'audit'

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
  privacy: () => '/settings/privacy',
  security: () => '/settings/security',
  me: () => '/me',
  goLive: () => '/studio/live',
  myRoom: () => '/studio/room',
  upload: () => '/studio/upload',
  myVideos: (tab?: 'trash') => `/studio/videos${tab ? `?tab=${tab}` : ''}`,
  feed: () => '/feed',
  post: (id: string) => `/post/${id}`,
  messages: (box?: string) => `/messages${box && box !== 'private' ? `/${box}` : ''}`,
  talk: (id: string) => `/messages/private/${id}`,
  case: (id: string) => `/reports/${id}`,
  reports: () => '/admin/reports',
  search: (q?: string) => (q ? `/search?q=${encodeURIComponent(q)}` : '/search'),
  tag: (tag: string) => `/search?tag=${encodeURIComponent(tag)}`,
  history: () => '/library/history',
  watchLater: () => '/library/later',
  favourites: (folder?: string) => `/library/favourites${folder ? `?folder=${folder}` : ''}`,
  playlists: () => '/library/playlists',
  coins: () => '/library/coins',
  playlist: (id: string) => `/playlist/${id}`,
  inPlaylist: (video: string, playlist: string) => `/video/${video}?list=${playlist}`,
  comment: (subject: { kind: 'video' | 'post'; id: string }, id: string) =>
    `/${subject.kind}/${subject.id}?comment=${id}`,
  admin: (area?: AdminArea, query?: Record<string, string>) =>
    `/admin${area ? `/${area}` : ''}${query ? `?${new URLSearchParams(query)}` : ''}`,
  adminUser: (id: string) => `/admin/users/${id}`,
  webhooks: () => '/studio/webhooks',
  apiDocs: (tag?: string) => `/docs${tag ? `#tag/${tag}` : ''}`,
} as const

const withNext = (next?: string): string => (next && next !== '/' ? `?next=${encodeURIComponent(next)}` : '')

/** Only a path of this site is followed after signing in: no scheme, no `//host`, no backslash. */
export const safeNext = (next: unknown): string =>
  typeof next === 'string' &&
  /^\/(?![/\\])[^\\]*$/.test(next) &&
  !/^\/(login|register|reset-password)\b/.test(next)
    ? next
    : '/'
