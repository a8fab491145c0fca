/**
 * Owns making our own picture of a given one: cropped, scaled, without its metadata. It refuses everything but JPEG,
 * PNG and WebP by its first bytes, so that no other decoder ever sees what a stranger sent.
 */
import { AppError } from '../errors/app-error.ts'

export interface PictureShape {
  width: number
  height: number
  format: 'jpeg' | 'webp'
  /** Scaled to fit inside instead of cropped. */
  whole?: boolean
}

/** The pictures of the product; cropped to their shape unless kept whole, and never enlarged. */
export const shapes = {
  cover: { width: 1280, height: 720, format: 'jpeg' },
  thumbnail: { width: 480, height: 270, format: 'jpeg' },
  avatar: { width: 256, height: 256, format: 'webp' },
  post: { width: 2048, height: 2048, format: 'webp', whole: true },
  postThumbnail: { width: 480, height: 480, format: 'webp' },
} as const satisfies Record<string, PictureShape>

export interface Images {
  /** Re-encodes a picture into a shape. Throws `image_invalid`, or `unavailable` when too many wait. */
  reshape(picture: Uint8Array, shape: PictureShape): Promise<Buffer>
  /** Of a picture that `reshape` made. */
  sizeOf(picture: Uint8Array): Promise<{ width: number; height: number }>
}

/** What a decoder may have to hold: 50 million pixels are about 200 MB for the worst of them. */
const maxPixels = 50_000_000
const running = 2
const waiting = 30

/** Pictures are decoded two at a time, so that a hundred uploads at once do not fill the memory. */
export const createImages = (): Images => {
  const queue: (() => void)[] = []
  let active = 0

  const enter = async (): Promise<void> => {
    if (active < running) {
      active++
      return
    }
    if (queue.length >= waiting) throw new AppError('unavailable', { retryAfterS: 2 })
    await new Promise<void>((resolve) => queue.push(resolve))
  }
  const leave = (): void => {
    const next = queue.shift()
    if (next) next()
    else active--
  }

  return {
    async reshape(picture, shape) {
      const format = sniff(picture)
      if (format === undefined) throw new AppError('image_invalid')
      await enter()
      try {
        return await encode(picture, format, shape)
      } catch (error) {
        throw error instanceof AppError ? error : new AppError('image_invalid', { cause: error })
      } finally {
        leave()
      }
    },
    async sizeOf(picture) {
      const { default: sharp } = await import('sharp')
      const { width, height } = await sharp(picture).metadata()
      return { width, height }
    },
  }
}

const encode = async (picture: Uint8Array, format: string, shape: PictureShape): Promise<Buffer> => {
  // Loaded with the first picture.
  const { default: sharp } = await import('sharp')
  // One page: an animation would multiply the pixels behind the cap's back.
  const image = sharp(picture, {
    limitInputPixels: maxPixels,
    failOn: 'error',
    pages: 1,
    sequentialRead: true,
  })
  const meta = await image.metadata()
  if (meta.format !== format) throw new AppError('image_invalid')
  const { width, height } = meta.autoOrient
  const resized = image
    .autoOrient()
    .resize(shape.whole === true ? insideOf(shape) : croppedTo(shape, width, height))
    .timeout({ seconds: 20 })
  return shape.format === 'webp'
    ? resized.webp({ quality: 82 }).toBuffer()
    : resized.flatten({ background: '#ffffff' }).jpeg({ quality: 82, progressive: true }).toBuffer()
}

const insideOf = ({ width, height }: PictureShape) =>
  ({ width, height, fit: 'inside', withoutEnlargement: true }) as const

const croppedTo = (shape: PictureShape, width: number, height: number) => {
  const scale = Math.min(1, width / shape.width, height / shape.height)
  return {
    width: Math.max(1, Math.round(shape.width * scale)),
    height: Math.max(1, Math.round(shape.height * scale)),
    fit: 'cover',
  } as const
}

const sniff = (bytes: Uint8Array): 'jpeg' | 'png' | 'webp' | undefined => {
  const at = (offset: number, text: string): boolean =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
      'latin1',
      offset,
      offset + text.length,
    ) === text
  if (at(0, '\xff\xd8\xff')) return 'jpeg'
  if (at(0, '\x89PNG\r\n\x1a\n')) return 'png'
  if (at(0, 'RIFF') && at(8, 'WEBP')) return 'webp'
  return undefined
}
