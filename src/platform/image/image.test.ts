/** Pictures: what is made of a good one, and that nothing else gets to a decoder. */
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { createImages, shapes } from './image.ts'

const images = createImages()
const plain = (width: number, height: number, color = '#336699') =>
  sharp({ create: { width, height, channels: 3, background: color } })

describe('reshape', () => {
  it('crops to the shape, turns upright and drops metadata', async () => {
    const phone = await plain(1200, 1600)
      .withExif({ IFD0: { Copyright: 'secret-place' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer()
    const cover = await images.reshape(phone, shapes.cover)
    const meta = await sharp(cover).metadata()
    expect(meta).toMatchObject({ format: 'jpeg', width: 1280, height: 720 })
    expect(meta.exif).toBeUndefined()
    expect(meta.orientation).toBeUndefined()
  })

  it('makes a square WebP of any of the three formats and never enlarges', async () => {
    for (const format of ['jpeg', 'png', 'webp'] as const) {
      const small = await plain(90, 60).toFormat(format).toBuffer()
      const meta = await sharp(await images.reshape(small, shapes.avatar)).metadata()
      expect(meta).toMatchObject({ format: 'webp', width: 60, height: 60 })
    }
  })

  it('cuts off what is appended to a picture', async () => {
    const polyglot = Buffer.concat([
      await plain(64, 64).png().toBuffer(),
      Buffer.from('<script>alert(1)</script>'),
    ])
    const made = await images.reshape(polyglot, shapes.avatar)
    expect(made.includes('script')).toBe(false)
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello')],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ['GIF', Buffer.from('R0lGODlhAQABAAAAACw=', 'base64')],
    ['a JPEG of two bytes', Buffer.from([0xff, 0xd8, 0xff])],
    ['50,000 × 50,000', hugePng()],
  ])('refuses %s', async (_name, bytes) => {
    await expect(images.reshape(bytes, shapes.cover)).rejects.toMatchObject({ code: 'image_invalid' })
  })

  it('refuses when too many wait, and goes on afterwards', async () => {
    const picture = await plain(3000, 3000).jpeg().toBuffer()
    const results = await Promise.allSettled(
      Array.from({ length: 60 }, () => images.reshape(picture, shapes.cover)),
    )
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(60)
    await images.reshape(picture, shapes.thumbnail)
  })
})

/** A PNG that says it is enormous; its data is not looked at before that. */
function hugePng(): Buffer {
  const crcTable = Array.from({ length: 256 }, (_, n) => {
    let c = n
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
    return c >>> 0
  })
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data])
    let crc = 0xffffffff
    for (const byte of body) crc = (crcTable[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8)
    const head = Buffer.alloc(4)
    head.writeUInt32BE(data.length)
    const tail = Buffer.alloc(4)
    tail.writeUInt32BE((crc ^ 0xffffffff) >>> 0)
    return Buffer.concat([head, body, tail])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(50_000, 0)
  header.writeUInt32BE(50_000, 4)
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1000))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
