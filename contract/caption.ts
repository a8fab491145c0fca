/** Owns the endpoints of captions: a file per language, WebVTT or SRT. */
import { z } from 'zod'
import { apiPrefix, id, idParams, line } from './common.ts'
import { endpoint } from './endpoint.ts'
import { ownVideo } from './video.ts'

const tag = 'video'
const path = `${apiPrefix}/videos/{id}/captions`

/** As in BCP 47: `zh-CN`, `en`. */
export const captionLang = z.string().regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$/)
export const maxCaptions = 20

export const uploadCaption = endpoint({
  method: 'POST',
  path,
  tag,
  summary: 'Captions in one language, as WebVTT or SRT up to 2 MB; takes the place of what is there in it',
  access: 'user',
  params: idParams,
  query: z.object({
    lang: captionLang,
    /** What viewers choose it by; the name of the language without it. */
    label: line(30).optional(),
  }),
  multipart: true,
  data: ownVideo,
  errors: ['not_found', 'caption_invalid', 'body_too_large', 'too_many'],
  success: { zh: '字幕已上传', en: 'Captions uploaded' },
})

export const deleteCaption = endpoint({
  method: 'DELETE',
  path: `${path}/{lang}`,
  tag,
  summary: 'Delete the captions in one language',
  access: 'user',
  params: z.strictObject({ id, lang: captionLang }),
  data: ownVideo,
  errors: ['not_found'],
})
