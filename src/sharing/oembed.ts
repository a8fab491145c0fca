/** Owns the answer of oEmbed (oembed.com, version 1.0). It refuses addresses of other sites. */
import { escapeMarkup } from './escape.ts'
import type { Look } from './looks.ts'

/** The path of an address of ours; undefined for any other. `hosts` are those that people reach us by. */
export const ownPath = (address: string, hosts: readonly string[]): string | undefined => {
  const url = URL.parse(address)
  if (url === null || !/^https?:$/.test(url.protocol) || !hosts.includes(url.host)) return undefined
  return url.pathname
}

export interface Frame {
  maxWidth: number | undefined
  maxHeight: number | undefined
}

const widest = 640

/** As large as allowed, in the video's own proportions. */
export const sizeIn = (play: { width: number; height: number }, { maxWidth, maxHeight }: Frame) => {
  const ratio = play.width / play.height
  const width = Math.min(maxWidth ?? widest, (maxHeight ?? Infinity) * ratio)
  return { width: Math.max(1, Math.round(width)), height: Math.max(1, Math.round(width / ratio)) }
}

export const oembedOf = (look: Look, page: { siteName: string; base: string }, frame: Frame) => {
  const { siteName, base } = page
  const size = sizeIn(look.play ?? { width: 16, height: 9 }, frame)
  const src = escapeMarkup(`${base}/embed/${look.id}`)
  return {
    version: '1.0',
    type: 'video',
    provider_name: siteName,
    provider_url: base,
    title: look.title,
    author_name: look.author.name,
    author_url: base + look.author.path,
    ...(look.image === null
      ? {}
      : { thumbnail_url: base + look.image, thumbnail_width: size.width, thumbnail_height: size.height }),
    ...size,
    html: `<iframe src="${src}" width="${size.width}" height="${size.height}" title="${escapeMarkup(look.title)}" style="border:0" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`,
  }
}

export const toXml = (answer: Readonly<Record<string, string | number>>): string =>
  `<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<oembed>${Object.entries(answer)
    .map(([key, value]) => `<${key}>${escapeMarkup(String(value))}</${key}>`)
    .join('')}</oembed>\n`
