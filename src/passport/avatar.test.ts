/** A user's picture, over HTTP on both engines. */
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { Me, User } from '../../contract/user.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { createVideoTestApp } from '../video/testing.ts'

describe.each(testDatabases())('avatar on $name', (engine) => {
  it('is re-encoded, shown to everybody, and replaces the one before', async () => {
    await using app = await createVideoTestApp(engine)
    const ann = await app.signUp()
    const send = (bytes: Uint8Array) => {
      const body = new FormData()
      body.set('file', new Blob([new Uint8Array(bytes)]), 'me.png')
      return app.call<Me>('POST', '/api/v1/me/avatar', { by: ann, body })
    }
    const png = await sharp({ create: { width: 700, height: 400, channels: 4, background: 'teal' } })
      .png()
      .toBuffer()
    const first = (await send(png)).data.avatar_url ?? ''
    expect(first).toMatch(/^\/play\/images\/avatars\/\w{24}\.webp$/)
    const answer = await fetch(app.base + first)
    expect(answer.headers.get('content-type')).toBe('image/webp')
    const meta = await sharp(Buffer.from(await answer.arrayBuffer())).metadata()
    expect(meta).toMatchObject({ format: 'webp', width: 256, height: 256 })

    const second = (await send(png)).data.avatar_url ?? ''
    expect((await fetch(app.base + first)).status).toBe(404)
    const user: User | undefined = await app.users.find(ann.id)
    expect(user?.avatar_url).toBe(second)

    const html = await send(Buffer.from('<html><script>alert(1)</script>'))
    expect([html.status, html.error]).toEqual([400, 'image_invalid'])
    expect((await app.users.find(ann.id))?.avatar_url).toBe(second)
    expect((await app.call('POST', '/api/v1/me/avatar', { body: new FormData() })).status).toBe(401)
  })
})
