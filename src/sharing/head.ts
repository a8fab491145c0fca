/** Owns what other sites and search engines read of a page: the head of the HTML. Pure. */
import type { Language } from '../platform/http/language.ts'
import { escapeMarkup, scriptJson } from './escape.ts'
import type { Look } from './looks.ts'

interface Page {
  siteName: string
  /** Scheme and host, without a slash at the end. */
  base: string
  language: Language
}

const words = { zh: '直播与视频', en: 'Live and video' }

/** `<title>` and what follows it; undefined: a page about nothing in particular, or one that is not to be known of. */
export const headOf = (look: Look | undefined, { siteName, base, language }: Page): string => {
  if (look === undefined) {
    const about = `${siteName} · ${words[language]}`
    return lines([
      `<title>${escapeMarkup(siteName)}</title>`,
      name('description', about),
      property('og:site_name', siteName),
      property('og:title', siteName),
      property('og:description', about),
    ])
  }
  const url = base + look.path
  const image = look.image === null ? undefined : base + look.image
  const player = `${base}/embed/${look.id}`
  const { play } = look
  const oembed = `${base}/oembed?url=${encodeURIComponent(url)}`
  return lines([
    `<title>${escapeMarkup(`${look.title} · ${siteName}`)}</title>`,
    name('description', look.description),
    `<link rel="canonical" href="${escapeMarkup(url)}">`,
    look.indexed ? '' : name('robots', 'noindex'),
    property('og:site_name', siteName),
    property('og:type', look.kind === 'user' ? 'profile' : 'video.other'),
    property('og:url', url),
    property('og:title', look.title),
    property('og:description', look.description),
    property('og:locale', language === 'zh' ? 'zh_CN' : 'en_US'),
    ...(image === undefined ? [] : [property('og:image', image), name('twitter:image', image)]),
    name(
      'twitter:card',
      play === null ? (image && look.kind !== 'user' ? 'summary_large_image' : 'summary') : 'player',
    ),
    name('twitter:title', look.title),
    name('twitter:description', look.description),
    ...(play === null
      ? []
      : [
          property('og:video', player),
          property('og:video:type', 'text/html'),
          property('og:video:width', String(play.width)),
          property('og:video:height', String(play.height)),
          name('twitter:player', player),
          name('twitter:player:width', String(play.width)),
          name('twitter:player:height', String(play.height)),
        ]),
    ...(look.kind === 'user'
      ? [alternate('application/rss+xml', `${base}/users/${look.id}/rss`, look.title)]
      : [
          alternate('application/json+oembed', `${oembed}&format=json`, look.title),
          alternate('text/xml+oembed', `${oembed}&format=xml`, look.title),
        ]),
    look.kind === 'video'
      ? `<script type="application/ld+json">${scriptJson(videoObject(look, url, image, player))}</script>`
      : '',
  ])
}

const videoObject = (look: Look, url: string, image: string | undefined, player: string) => ({
  '@context': 'https://schema.org',
  '@type': 'VideoObject',
  name: look.title,
  description: look.description,
  url,
  ...(image === undefined ? {} : { thumbnailUrl: [image] }),
  ...(look.published === null ? {} : { uploadDate: look.published }),
  ...(look.durationS === null ? {} : { duration: `PT${Math.round(look.durationS)}S` }),
  embedUrl: player,
  interactionStatistic: {
    '@type': 'InteractionCounter',
    interactionType: { '@type': 'WatchAction' },
    userInteractionCount: look.plays ?? 0,
  },
  author: { '@type': 'Person', name: look.author.name },
})

const lines = (parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n    ')
const name = (key: string, value: string): string => `<meta name="${key}" content="${escapeMarkup(value)}">`
const property = (key: string, value: string): string =>
  `<meta property="${key}" content="${escapeMarkup(value)}">`
const alternate = (type: string, href: string, title: string): string =>
  `<link rel="alternate" type="${type}" href="${escapeMarkup(href)}" title="${escapeMarkup(title)}">`

/** The built page with another head and language. */
export const dress = (page: string, head: string, language: Language): string =>
  page
    .replace(/<html lang="[^"]*"/, `<html lang="${language === 'zh' ? 'zh-CN' : 'en'}"`)
    .replace(/\s*<meta name="description"[^>]*>/, '')
    .replace(/<title>[^<]*<\/title>/, () => head)
