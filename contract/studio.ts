/** Owns what is done to several of one's own videos at once. */
import { z } from 'zod'
import { apiPrefix, id } from './common.ts'
import { endpoint } from './endpoint.ts'
import { errorCodes } from './errors.ts'
import type { ErrorCode } from './errors.ts'
import { categoryId, tagName, visibility } from './video.ts'

const literals = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]

export const batchVideos = endpoint({
  method: 'POST',
  path: `${apiPrefix}/me/videos/batch`,
  tag: 'video',
  summary: 'Delete, restore, edit, or delete for good up to 100 of my videos; says which could not be',
  access: 'user',
  body: z.strictObject({
    ids: z.array(id).min(1).max(100),
    /** `purge` takes what lies in the trash for good. */
    action: z.enum(['delete', 'restore', 'purge', 'edit']),
    /** With `edit`. */
    change: z
      .strictObject({
        visibility: visibility.optional(),
        category: categoryId.optional(),
        add_tags: z.array(tagName).max(10).optional(),
      })
      .optional(),
  }),
  data: z.object({
    done: z.array(id),
    failed: z.array(z.object({ id, error: z.enum(literals) })),
  }),
})
