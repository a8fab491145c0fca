/** Owns the promise that text made to harm a reader is shown inert and cut sanely, wherever people may write. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, enginePairs } from './app.ts'
import type { SignedUp, TestApp } from './app.ts'
import { clip } from './fixtures/clips.ts'
import { uploadFilm } from './upload.ts'

const texts = [
  ['NUL and the bell', 'a\u0000b\u0007c', 'abc'],
  ['an escape sequence', 'a\u001b[31mred', 'a[31mred'],
  ['text turned round', 'gp\u202e4pm.exe\u202c', 'gp4pm.exe'],
  ['isolates', '\u2066a\u2069b', 'ab'],
  ['nothing to see', '\u200b\u2060a\ufeff', 'a'],
  ['a family of emoji', '👨\u200d👩\u200d👧', '👨\u200d👩\u200d👧'],
  ['a piled letter', `Z${'\u0335'.repeat(30)}!`, `Z${'\u0335'.repeat(4)}!`],
  ['half a character', 'half\ud83d a face', 'half a face'],
  ['markup', '<img src=x>&amp;{{7}}', '<img src=x>&amp;{{7}}'],
] as const

describe.each(enginePairs())('hostile text on $name', (pair) => {
  let test: TestApp
  let writer: SignedUp
  let reader: SignedUp
  /** More than one person may send danmaku in a few seconds. */
  let crowd: SignedUp[]
  let sent = 0
  let video: string

  beforeAll(async () => {
    test = await createTestApp({ pair, environment: { VIREO_RATE_LIMITS: 'off' } })
    writer = await test.signUp()
    reader = await test.signUp()
    crowd = await Promise.all(Array.from({ length: 4 }, () => test.signUp()))
    const request = async (method: string, path: string, token?: string) => {
      const { status, body } = await test.call(method, path, token === undefined ? {} : { token })
      return { status, data: body.data as unknown, error: body.error }
    }
    video = await uploadFilm({ base: test.base, request }, writer, clip('silent.mp4'), '大家的')
  })
  afterAll(() => test[Symbol.asyncDispose]())

  /** Where people write, and where others read it. */
  const places: Record<
    string,
    { write: (text: string) => [method: string, path: string, json: object]; read: (data: never) => unknown }
  > = {
    'a title': {
      write: (text) => ['PATCH', `/api/v1/videos/${video}`, { title: text }],
      read: ({ title }: { title: string }) => title,
    },
    'an introduction': {
      write: (text) => ['PATCH', `/api/v1/videos/${video}`, { intro: text }],
      read: ({ intro }: { intro: string }) => intro,
    },
    'a nickname': {
      write: (text) => ['PATCH', '/api/v1/me', { nickname: text }],
      read: ({ nickname }: { nickname: string }) => nickname,
    },
    'a signature': {
      write: (text) => ['PATCH', '/api/v1/me', { signature: text }],
      read: ({ signature }: { signature: string }) => signature,
    },
    'a comment': {
      write: (text) => ['POST', `/api/v1/videos/${video}/comments`, { text }],
      read: ({ text }: { text: string }) => text,
    },
    danmaku: {
      write: (text) => ['POST', `/api/v1/videos/${video}/danmaku`, { text, time: 1 }],
      read: ({ text }: { text: string }) => text,
    },
    'a post': {
      write: (text) => ['POST', '/api/v1/posts', { text }],
      read: ({ text }: { text: string }) => text,
    },
    'a message': {
      write: (text) => ['POST', `/api/v1/users/${reader.userId}/messages`, { text }],
      read: ({ text }: { text: string }) => text,
    },
    'the title of a room': {
      write: (text) => ['PATCH', '/api/v1/me/room', { title: text }],
      read: ({ title }: { title: string }) => title,
    },
    'a playlist': {
      write: (text) => ['POST', '/api/v1/playlists', { title: text, visibility: 'public' }],
      read: ({ title }: { title: string }) => title,
    },
  }

  const send = async (place: string, text: string) => {
    const { write, read } = places[place] ?? { write: () => ['', '', {}] as never, read: () => undefined }
    const [method, path, json] = write(text)
    const { token } = (place === 'danmaku' ? crowd[sent++ % crowd.length] : undefined) ?? writer
    const { status, body } = await test.call(method, path, { token, json })
    return { status, error: body.error, kept: status === 200 ? read(body.data) : undefined }
  }

  it.each(Object.keys(places))('is inert in %s', async (place) => {
    for (const [what, given, kept] of texts)
      expect({ what, ...(await send(place, given)) }).toEqual({ what, status: 200, error: undefined, kept })
  })

  it.each(Object.keys(places))(
    'is refused in %s where nothing of it is left or it is far too long',
    async (place) => {
      const nothing = await send(place, '\u202e\u0000\u200b')
      // Some may be empty; what can not be is refused, and never kept as it came.
      if (nothing.status === 200) expect(nothing.kept).toBe('')
      else
        expect([nothing.status, nothing.error]).toEqual([
          400,
          expect.stringMatching(/^(params|text)_invalid$/),
        ])
      const long = await send(place, `a${'\u0335'.repeat(10_000)}`)
      expect([long.status, long.error]).toEqual([400, 'params_invalid'])
    },
  )

  it('shows markup of titles and nicknames as text on the pages that the server writes', async () => {
    await send('a title', '"><script>alert(1)</script>')
    const page = await (await fetch(`${test.base}/video/${video}`)).text()
    expect(page).not.toContain('<script>alert(1)')
    expect(page).toContain('&lt;script&gt;alert(1)')
  })
})
