/** Owns the routes that other sites read: heads of pages, oEmbed, the embedded player, RSS, the map of the site. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { categoryId } from '../../contract/video.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { languageOf } from '../platform/http/language.ts'
import type { VideoService } from '../video/index.ts'
import { escapeMarkup } from './escape.ts'
import { monthsFrom, robotsText, rssOf, sitemapIndex, sitemapOf } from './feeds.ts'
import { dress, headOf } from './head.ts'
import type { Looks } from './looks.ts'
import { oembedOf, ownPath, toXml } from './oembed.ts'

interface Deps {
  app: FastifyInstance
  looks: Looks
  videos: VideoService
  /** Where the built web lies. */
  directory: string
  publicUrl: string | undefined
  now: () => number
}

const hidden = { schema: { hide: true } }
const freshMs = 1_500
const mostKept = 500

/** Anybody may frame the embedded player, and nothing else of ours. */
const embedPolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors *"

/** What a page for people is, at an address of the site. */
export interface DressedPage {
  status: 200 | 404
  html: string
}

export type DressPage = (request: FastifyRequest, path: string, page: string) => Promise<DressedPage>

/** Under which address people reach us: what is configured; else what this request says, and only this answer uses it. */
const baseOf = (request: FastifyRequest, publicUrl: string | undefined): string => {
  if (publicUrl !== undefined) return publicUrl
  const host = /^[\w.[\]:-]{1,255}$/.test(request.host) ? request.host : 'localhost'
  return `${request.protocol}://${host}`
}

export const createDressPage = ({
  looks,
  publicUrl,
  now,
}: Pick<Deps, 'looks' | 'publicUrl' | 'now'>): DressPage => {
  const kept = new Map<string, { atMs: number; made: Promise<DressedPage> }>()
  const make = async (
    path: string,
    page: string,
    base: string,
    language: 'zh' | 'en',
  ): Promise<DressedPage> => {
    const look = await looks.at(path)
    const shown = look === 'generic' ? undefined : look
    const head = headOf(shown, { siteName: await looks.siteName(), base, language })
    return { status: look === undefined ? 404 : 200, html: dress(page, head, language) }
  }
  return (request, path, page) => {
    const language = languageOf(request.headers['accept-language'])
    const base = baseOf(request, publicUrl)
    const key = `${language} ${base} ${path}`
    const known = kept.get(key)
    if (known !== undefined && now() - known.atMs < freshMs) return known.made
    const made = make(path, page, base, language)
    // The oldest goes first; who asks for a thousand addresses only empties it.
    kept.delete(key)
    if (kept.size >= mostKept) kept.delete(kept.keys().next().value ?? '')
    kept.set(key, { atMs: now(), made })
    made.catch(() => kept.delete(key))
    return made
  }
}

export const mountSharingRoutes = ({ app, looks, videos, directory, publicUrl, now }: Deps): void => {
  const query = z.object({
    url: z.string().max(500),
    format: z.enum(['json', 'xml']).default('json'),
    maxwidth: z.number().int().min(1).max(10_000).optional(),
    maxheight: z.number().int().min(1).max(10_000).optional(),
  })
  const oembedSchema = {
    tags: ['sharing'],
    summary: 'oEmbed 1.0 of a video or a room, by its address',
    querystring: query,
    produces: ['application/json', 'text/xml'],
  }
  app.get('/oembed', { schema: oembedSchema }, async (request, reply) => {
    const { url, format, maxwidth, maxheight } = request.query as z.output<typeof query>
    const base = baseOf(request, publicUrl)
    const path = ownPath(url, [new URL(base).host, request.host])
    const id = /^\/(?:video|live|embed)\/([0-9A-Za-z]{1,16})\/?$/.exec(path ?? '')?.[1]
    const look = id === undefined ? undefined : await looks.playable(id)
    if (look === undefined) throw new AppError('not_found')
    const page = { siteName: await looks.siteName(), base }
    const answer = oembedOf(look, page, { maxWidth: maxwidth, maxHeight: maxheight })
    reply.header('access-control-allow-origin', '*').header('cache-control', 'public, max-age=60')
    return format === 'xml'
      ? reply.type('text/xml; charset=utf-8').send(toXml(answer))
      : reply.type('application/json; charset=utf-8').serializer(String).send(JSON.stringify(answer))
  })

  const file = join(directory, 'embed.html')
  const template = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  app.get('/embed/:id', hidden, async (request, reply) => {
    const { id } = request.params as { id: string }
    const look = template === undefined ? undefined : await looks.playable(id)
    // A frame shows a page, also where there is nothing.
    const language = languageOf(request.headers['accept-language'])
    const base = baseOf(request, publicUrl)
    const siteName = await looks.siteName()
    const given = {
      title: look?.title ?? '',
      author: look?.author.name ?? '',
      href: look === undefined ? base : base + look.path,
      site: siteName,
      poster: look?.image ?? '',
      hls: look?.play?.hls ?? '',
      low: look?.play?.lowLatency ?? '',
      kind: look?.kind ?? 'none',
    }
    const data = Object.entries(given)
      .map(([key, value]) => ` data-${key}="${escapeMarkup(value)}"`)
      .join('')
    const head = `<title>${escapeMarkup(look === undefined ? siteName : `${look.title} · ${siteName}`)}</title>\n    <meta name="robots" content="noindex">`
    reply.raw.removeHeader('x-frame-options')
    return reply
      .removeHeader('x-frame-options')
      .code(look === undefined ? 404 : 200)
      .header('content-security-policy', embedPolicy)
      .header('cache-control', 'no-cache')
      .type('text/html; charset=utf-8')
      .send(dress(template ?? '', head, language).replace('<body', () => `<body${data}`))
  })

  app.get('/users/:id/rss', hidden, async (request, reply) => {
    const { id } = request.params as { id: string }
    const look = await looks.at(`/u/${id}`)
    if (look === undefined || look === 'generic') throw new AppError('not_found')
    const { items } = await videos.listOfUser(look.id, { limit: 30 }, { caller: undefined, language: 'zh' })
    const feed = rssOf(
      { title: look.title, path: look.path, text: look.description, self: `/users/${look.id}/rss` },
      items.map((video) => ({
        path: `/video/${video.id}`,
        title: video.title,
        text: video.intro,
        published: video.publish_time ?? video.create_time,
        image: video.cover_url,
      })),
      baseOf(request, publicUrl),
    )
    return xml(reply, feed, 'application/rss+xml')
  })

  app.get('/categories/:id/rss', hidden, async (request, reply) => {
    const found = categoryId.safeParse((request.params as { id: string }).id)
    if (!found.success) throw new AppError('not_found')
    const language = languageOf(request.headers['accept-language'])
    const page = { limit: 30 }
    const { items } = await videos.list({ category: found.data }, page, { caller: undefined, language })
    const title = `${videos.categoryName(found.data, language)} · ${await looks.siteName()}`
    const self = `/categories/${found.data}/rss`
    const feed = rssOf(
      { title, path: `/?category=${found.data}`, text: title, self },
      items.map((video) => ({
        path: `/video/${video.id}`,
        title: video.title,
        text: video.intro,
        published: video.publish_time ?? video.create_time,
        image: video.cover_url,
      })),
      baseOf(request, publicUrl),
    )
    return xml(reply, feed, 'application/rss+xml')
  })

  app.get('/sitemap.xml', hidden, async (request, reply) => {
    const firstMs = await videos.firstPublishedMs()
    const months = firstMs === undefined ? [] : monthsFrom(firstMs, now())
    return xml(reply, sitemapIndex(months, baseOf(request, publicUrl)), 'application/xml')
  })
  app.get('/sitemap/:month', hidden, async (request, reply) => {
    const [, year, month] =
      /^(\d{4})-(0[1-9]|1[0-2])\.xml$/.exec((request.params as { month: string }).month) ?? []
    if (year === undefined || month === undefined) throw new AppError('not_found')
    const fromMs = Date.UTC(Number(year), Number(month) - 1)
    const found = await videos.publishedBetween(fromMs, Date.UTC(Number(year), Number(month)))
    return xml(reply, sitemapOf(found, baseOf(request, publicUrl)), 'application/xml')
  })
  app.get('/robots.txt', hidden, async (request, reply) =>
    reply
      .header('cache-control', 'public, max-age=3600')
      .type('text/plain; charset=utf-8')
      .send(robotsText(baseOf(request, publicUrl))),
  )
}

const xml = (reply: FastifyReply, body: string, type: string): FastifyReply =>
  reply.header('cache-control', 'public, max-age=300').type(`${type}; charset=utf-8`).send(body)
