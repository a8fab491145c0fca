/** Owns the tests of links: what other sites read, and that hostile words stay words. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, enginePairs } from '../../tests/app.ts'
import type { SignedUp, TestApp } from '../../tests/app.ts'
import { monthsFrom, rssOf } from './feeds.ts'
import { dress, headOf } from './head.ts'
import type { Look } from './looks.ts'
import { oembedOf, ownPath, sizeIn, toXml } from './oembed.ts'

const hostile = `"><script>alert(1)</script>'&</title></script><!-- \u2028`
const look: Look = {
  kind: 'video',
  id: 'abcdefghijkm',
  path: '/video/abcdefghijkm',
  title: hostile,
  description: hostile,
  image: '/play/images/x.jpg',
  author: { name: hostile, path: '/u/1' },
  play: { hls: '/play/x.m3u8', lowLatency: null, width: 720, height: 1280 },
  durationS: 61,
  published: '2026-01-02T03:04:05.678Z',
  plays: 7,
  indexed: true,
}
const page = { siteName: 'Vireo', base: 'https://tv.example', language: 'en' as const }

describe('the head of a page', () => {
  it('holds hostile words as words', () => {
    const head = headOf(look, page)
    expect(head).not.toContain('<script>alert')
    expect(head.match(/<script/g)).toHaveLength(1)
    expect(head.match(/<\/script>/g)).toHaveLength(1)
    expect(head).not.toMatch(/content="[^"]*"[^>\s]/)
    const json = /<script type="application\/ld\+json">(.*?)<\/script>/s.exec(head)?.[1] ?? ''
    expect(JSON.parse(json)).toMatchObject({ '@type': 'VideoObject', name: hostile, duration: 'PT61S' })
  })

  it('names absolute addresses of picture, player and oEmbed', () => {
    const head = headOf(look, page)
    for (const part of [
      '<meta property="og:image" content="https://tv.example/play/images/x.jpg">',
      '<meta property="og:video" content="https://tv.example/embed/abcdefghijkm">',
      '<meta name="twitter:card" content="player">',
      '<link rel="canonical" href="https://tv.example/video/abcdefghijkm">',
      'application/json+oembed',
    ])
      expect(head).toContain(part)
  })

  it('takes the place of what was built, whatever a title holds', () => {
    const built =
      '<html lang="zh-CN"><head><meta name="description" content="x" /><title>Vireo</title></head>'
    const made = dress(built, headOf({ ...look, title: "$& $' $1" }, page), 'en')
    expect(made).toContain('<html lang="en"')
    expect(made).toContain('<title>$&amp; $&#39; $1 · Vireo</title>')
    expect(made.match(/name="description"/g)).toHaveLength(1)
  })
})

describe('oEmbed', () => {
  it.each([
    ['https://tv.example/video/a', '/video/a'],
    ['http://tv.example/live/a?t=3', '/live/a'],
    ['https://evil.example/video/a', undefined],
    ['https://tv.example@evil.example/video/a', undefined],
    ['javascript:alert(1)//tv.example/video/a', undefined],
    ['ftp://tv.example/video/a', undefined],
    ['//tv.example/video/a', undefined],
    ['nonsense', undefined],
  ])('reads %s', (url, path) => expect(ownPath(url, ['tv.example'])).toBe(path))

  it('keeps proportions within what is allowed', () => {
    expect(sizeIn({ width: 1920, height: 1080 }, { maxWidth: 320, maxHeight: undefined })).toEqual({
      width: 320,
      height: 180,
    })
    expect(sizeIn({ width: 720, height: 1280 }, { maxWidth: 640, maxHeight: 320 })).toEqual({
      width: 180,
      height: 320,
    })
  })

  it('escapes in HTML and again in XML', () => {
    const answer = oembedOf(look, page, { maxWidth: undefined, maxHeight: undefined })
    expect(answer.html).not.toContain('<script>')
    const xml = toXml(answer)
    expect(xml).not.toMatch(/<script|<iframe/)
    expect(xml).toContain('&amp;lt;script')
  })
})

describe('feeds', () => {
  it('hold hostile words as words, without what XML can not hold', () => {
    const item = {
      path: '/video/a',
      title: `${hostile}\u0000\u0008\ufffe`,
      text: ']]>',
      published: look.published ?? '',
      image: null,
    }
    const rss = rssOf({ title: hostile, path: '/u/1', text: '', self: '/users/1/rss' }, [item], page.base)
    expect(rss).not.toContain('<script')

    expect(rss).not.toMatch(/[\u0000\u0008\ufffe]/)
    expect(rss).toContain(']]&gt;')
  })
  it('name every month once', () => {
    expect(monthsFrom(Date.UTC(2025, 10, 30), Date.UTC(2026, 1, 1))).toEqual([
      '2025-11',
      '2025-12',
      '2026-01',
      '2026-02',
    ])
  })
})

describe.each(enginePairs())('links on $name', (pair) => {
  let test: TestApp
  let owner: SignedUp
  let secret: string
  beforeAll(async () => {
    test = await createTestApp({ pair, environment: { VIREO_PUBLIC_URL: 'https://tv.example' } })
    owner = await test.signUp({ nickname: '<b>雀</b>' })
    const json = { title: '只给自己看', visibility: 'private' }
    secret = (
      (await test.call('POST', '/api/v1/videos', { token: owner.token, json })).body.data as { id: string }
    ).id
  })
  afterAll(() => test[Symbol.asyncDispose]())
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${test.base}${path}`, { headers })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  it('dresses the pages of a person and a room', async () => {
    for (const path of [`/u/${owner.userId}`, `/live/${owner.roomId}`]) {
      const { status, text } = await get(path, { 'accept-language': 'en' })
      expect(status, path).toBe(200)
      expect(text).toContain('<html lang="en"')
      expect(text).toContain('&lt;b&gt;雀')
      expect(text).not.toContain('<b>')
      expect(text).toContain(`<link rel="canonical" href="https://tv.example${path}">`)
    }
  })

  it('answers 404 alike for what is private and what is not there', async () => {
    const pages = await Promise.all([`/video/${secret}`, '/video/zzzzzzzzzzzz'].map((path) => get(path)))
    for (const { status, text } of pages) {
      expect(status).toBe(404)
      expect(text).not.toContain('只给自己看')
    }
    expect(pages[0]?.text).toBe(pages[1]?.text)
    for (const path of ['/u/nobody', '/live/zzzzzzzzzzzz']) expect((await get(path)).status, path).toBe(404)
    expect((await get('/')).status).toBe(200)
    expect((await get('/live')).status).toBe(200)
  })

  it('lets only the embedded player be framed', async () => {
    const embed = await get(`/embed/${owner.roomId}`)
    expect(embed.status).toBe(200)
    expect(embed.headers.get('content-security-policy')).toContain('frame-ancestors *')
    expect(embed.headers.get('x-frame-options')).toBeNull()
    expect(embed.text).not.toContain('<b>')
    const room = await get(`/live/${owner.roomId}`)
    expect(room.headers.get('content-security-policy')).toContain("frame-ancestors 'self'")
    expect((await get(`/embed/${secret}`)).status).toBe(404)
  })

  it('answers oEmbed in both formats for its own addresses only', async () => {
    const ask = (url: string, more = '') => get(`/oembed?url=${encodeURIComponent(url)}${more}`)
    const json = await ask(`https://tv.example/live/${owner.roomId}`, '&maxwidth=320')
    expect(JSON.parse(json.text)).toMatchObject({ version: '1.0', type: 'video', width: 320, height: 180 })
    const xml = await ask(`https://tv.example/live/${owner.roomId}`, '&format=xml')
    expect(xml.headers.get('content-type')).toContain('text/xml')
    for (const url of [
      `https://evil.example/live/${owner.roomId}`,
      `https://tv.example/video/${secret}`,
      'https://tv.example/',
      'x',
    ])
      expect((await ask(url)).status, url).toBe(404)
    expect((await get('/oembed')).status).toBe(400)
  })

  it('gives RSS, the map of the site, rules for robots and icons', async () => {
    expect((await get(`/users/${owner.userId}/rss`)).text).toContain('&lt;b&gt;')
    expect((await get('/users/nobody/rss')).status).toBe(404)
    expect((await get('/categories/other/rss')).text).toContain('<rss')
    expect((await get('/categories/nothing/rss')).status).toBe(404)
    expect((await get('/sitemap.xml')).text).toContain('<sitemapindex')
    expect((await get('/sitemap/2026-11.xml')).text).toContain('<urlset')
    expect((await get('/sitemap/2026-13.xml')).status).toBe(404)
    expect((await get('/robots.txt')).text).toContain('Sitemap: https://tv.example/sitemap.xml')
  })
})
