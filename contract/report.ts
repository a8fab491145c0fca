/** Owns what a report is, how it is decided and appealed, and the endpoints for that. */
import { z } from 'zod'
import { apiPrefix, id, idParams, nothing, page, pageQuery, prose, time } from './common.ts'
import { endpoint } from './endpoint.ts'
import { author } from './user.ts'

const tag = 'report'

export const reportKind = z.enum(['video', 'comment', 'danmaku', 'user', 'message', 'post', 'room'])
export type ReportKind = z.infer<typeof reportKind>

export const reportReason = z.enum([
  'spam',
  'sexual',
  'violence',
  'hate',
  'harassment',
  'illegal',
  'copyright',
  'minors',
  'misleading',
  'other',
])
export type ReportReason = z.infer<typeof reportReason>

export const createReport = endpoint({
  method: 'POST',
  path: `${apiPrefix}/reports`,
  tag,
  summary: 'Report something to the moderators',
  access: 'user',
  body: z.strictObject({ kind: reportKind, id, reason: reportReason, text: prose(500).optional() }),
  data: nothing,
  errors: ['not_found', 'self_refused', 'rate_limited'],
  success: { zh: '已收到举报，我们会尽快处理', en: 'Thank you; a moderator will look at it' },
})

export const decision = z.enum(['dismiss', 'remove', 'warn', 'ban'])
export type Decision = z.infer<typeof decision>

export const reportState = z.enum(['open', 'decided', 'appealed', 'closed'])
export type ReportState = z.infer<typeof reportState>

/** One case per subject: whoever reports the same thing while it is open joins it. */
export const reportCase = z.object({
  id,
  kind: reportKind,
  subject_id: id,
  state: reportState,
  /** As it was when it was first reported. */
  snapshot: z.object({
    title: z.string().nullable(),
    text: z.string().nullable(),
    picture_url: z.string().nullable(),
    /** A page of the site. */
    path: z.string().nullable(),
  }),
  /** Who made it; null where they are gone. */
  user: author.nullable(),
  count: z.number().int(),
  /** The first reports, ten at most. */
  reports: z.array(z.object({ reason: reportReason, text: z.string(), reporter: author.nullable(), time })),
  decision: z
    .object({ decision, note: z.string(), days: z.number().int().nullable(), by: author.nullable(), time })
    .nullable(),
  appeal: z.object({ text: z.string(), time, upheld: z.boolean().nullable() }).nullable(),
  create_time: time,
})
export type ReportCase = z.infer<typeof reportCase>

export const listReports = endpoint({
  method: 'GET',
  path: `${apiPrefix}/admin/reports`,
  tag,
  summary: 'The cases in one state, the oldest first while they wait, else the latest first',
  access: 'moderator',
  query: pageQuery.extend({ state: reportState.default('open') }),
  data: page(reportCase),
  errors: ['cursor_invalid'],
})

export const decideReport = endpoint({
  method: 'POST',
  path: `${apiPrefix}/admin/reports/{id}/decision`,
  tag,
  summary: 'Decide a case: dismiss, remove what was reported, warn, or ban for some days (and remove)',
  access: 'moderator',
  params: idParams,
  body: z.strictObject({
    decision,
    note: prose(500).default(''),
    days: z.number().int().min(1).max(3650).optional(),
  }),
  data: reportCase,
  errors: ['not_found', 'forbidden', 'conflict', 'params_missing'],
})

export const decideAppeal = endpoint({
  method: 'POST',
  path: `${apiPrefix}/admin/reports/{id}/appeal`,
  tag,
  summary: 'Decide an appeal: uphold the decision or overturn it (what can be restored is restored)',
  access: 'moderator',
  params: idParams,
  body: z.strictObject({ uphold: z.boolean() }),
  data: reportCase,
  errors: ['not_found', 'conflict'],
})

/** What the one concerned sees: neither who reported nor who decided. */
export const ownCase = reportCase.omit({ user: true, reports: true, count: true }).extend({
  decision: z.object({ decision, note: z.string(), days: z.number().int().nullable(), time }).nullable(),
})
export type OwnCase = z.infer<typeof ownCase>

export const getOwnCase = endpoint({
  method: 'GET',
  path: `${apiPrefix}/reports/{id}`,
  tag,
  summary: 'A decision about something of mine',
  access: 'user',
  params: idParams,
  data: ownCase,
  errors: ['not_found'],
})

export const appealCase = endpoint({
  method: 'POST',
  path: `${apiPrefix}/reports/{id}/appeal`,
  tag,
  summary: 'Appeal, once, against a decision about something of mine',
  access: 'user',
  params: idParams,
  body: z.strictObject({ text: prose(500).pipe(z.string().min(1)) }),
  data: ownCase,
  errors: ['not_found', 'conflict'],
  success: { zh: '申诉已提交', en: 'Your appeal was sent' },
})
