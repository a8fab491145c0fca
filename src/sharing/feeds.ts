/** Owns what machines read of the site: a person's RSS, the map of the site, the rules for robots. Pure. */
import { escapeMarkup } from './escape.ts'

export interface FeedItem {
  path: string
  title: string
  text: string
  published: string
  image: string | null
}

const tag = (name: string, value: string): string => `<${name}>${escapeMarkup(value)}</${name}>`

/** RSS 2.0. */
export const rssOf = (
  channel: { title: string; path: string; text: string; self: string },
  items: readonly FeedItem[],
  base: string,
): string =>
  [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>',
    tag('title', channel.title),
    tag('link', base + channel.path),
    tag('description', channel.text),
    `<atom:link href="${escapeMarkup(base + channel.self)}" rel="self" type="application/rss+xml"/>`,
    ...items.map((item) =>
      [
        '<item>',
        tag('title', item.title),
        tag('link', base + item.path),
        `<guid isPermaLink="true">${escapeMarkup(base + item.path)}</guid>`,
        tag('pubDate', new Date(item.published).toUTCString()),
        tag('description', item.text),
        item.image === null
          ? ''
          : `<enclosure url="${escapeMarkup(base + item.image)}" length="0" type="image/jpeg"/>`,
        '</item>',
      ].join(''),
    ),
    '</channel></rss>\n',
  ].join('\n')

const xmlns = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'

/** `months` as `2026-11`, oldest first. */
export const sitemapIndex = (months: readonly string[], base: string): string =>
  `<?xml version="1.0" encoding="utf-8"?>\n<sitemapindex ${xmlns}>${months
    .map((month) => `<sitemap>${tag('loc', `${base}/sitemap/${month}.xml`)}</sitemap>`)
    .join('')}</sitemapindex>\n`

export const sitemapOf = (videos: readonly { id: string; changedMs: number }[], base: string): string =>
  `<?xml version="1.0" encoding="utf-8"?>\n<urlset ${xmlns}>${videos
    .map(
      ({ id, changedMs }) =>
        `<url>${tag('loc', `${base}/video/${id}`)}${tag('lastmod', new Date(changedMs).toISOString())}</url>`,
    )
    .join('')}</urlset>\n`

/** From the month of `firstMs` to that of `nowMs`, at most the last 50,000 (a limit of the format). */
export const monthsFrom = (firstMs: number, nowMs: number): string[] => {
  const months: string[] = []
  const month = new Date(Date.UTC(new Date(firstMs).getUTCFullYear(), new Date(firstMs).getUTCMonth(), 1))
  while (month.getTime() <= nowMs && months.length < 50_000) {
    months.push(month.toISOString().slice(0, 7))
    month.setUTCMonth(month.getUTCMonth() + 1)
  }
  return months
}

export const robotsText = (base: string): string =>
  [
    'User-agent: *',
    'Disallow: /api/',
    'Disallow: /admin',
    'Disallow: /studio',
    'Disallow: /settings',
    `Sitemap: ${base}/sitemap.xml`,
    '',
  ].join('\n')
