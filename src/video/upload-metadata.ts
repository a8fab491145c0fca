/** Owns reading what a client says of its upload (tus 1.0, Upload-Metadata). It refuses what is not clean UTF-8. */
import { z } from 'zod'
import { id, line } from '../../contract/common.ts'
import { categoryId, visibility } from '../../contract/video.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { fromZod } from '../platform/http/failure.ts'

const text = line(80).catch('')

const schema = z.object({
  /** Only words for people: no path is ever made of it. */
  filename: line(255).optional(),
  title: text.optional(),
  category: categoryId.optional(),
  visibility: visibility.optional(),
  /** The draft that it fills. */
  video: id.optional(),
})
export type UploadMetadata = z.output<typeof schema>

const utf8 = new TextDecoder('utf-8', { fatal: true })
const maxHeader = 8192

/** Throws `upload_invalid`, `params_invalid`. */
export const readMetadata = (header: string | undefined): UploadMetadata => {
  // Without a prototype `__proto__` is a key like any other: one that nobody reads.
  const fields = Object.create(null) as Record<string, string>
  if (header !== undefined && header.length > maxHeader) throw new AppError('upload_invalid')
  if (header !== undefined && header.trim() === '') throw new AppError('upload_invalid')
  for (const pair of header?.split(',') ?? []) {
    // As strict as the protocol's own library, which would answer in its own words.
    const [whole, key = '', value = ''] = /^([!-+\--~]+)(?: ([A-Za-z0-9+/]*={0,2}))?$/.exec(pair) ?? []
    if (whole === undefined || value.length % 4 !== 0 || Object.hasOwn(fields, key))
      throw new AppError('upload_invalid')
    fields[key] = decode(value)
  }
  const result = schema.safeParse({ ...fields })
  if (!result.success) throw fromZod(result.error)
  return result.data
}

const decode = (base64: string): string => {
  try {
    return utf8.decode(Buffer.from(base64, 'base64'))
  } catch {
    throw new AppError('upload_invalid')
  }
}

/** The title that was given, else the file's name without its ending. */
export const titleOf = (metadata: UploadMetadata): string =>
  [metadata.title, metadata.filename?.replace(/^.*[\\/]/, '').replace(/\.[A-Za-z0-9]{1,5}$/, '')]
    .map((title) => (title ?? '').slice(0, 80).trim())
    .find((title) => title !== '') ?? '未命名视频'
