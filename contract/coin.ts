/** Owns what coins look like from outside: the balance and the ledger behind it. */
import { z } from 'zod'
import { apiPrefix, id, page, pageQuery, time } from './common.ts'
import { endpoint } from './endpoint.ts'

const tag = 'coin'

/** Why coins came or went. */
export const coinReason = z.enum([
  'registered',
  'signed_in',
  'video_published',
  'video_coined',
  'coined_video',
  'gift_sent',
  'gift_received',
])
export type CoinReason = z.infer<typeof coinReason>

export const coinEntry = z.object({
  id,
  /** Negative when spent. */
  amount: z.number().int(),
  reason: coinReason,
  /** The video it was about, where there is one. */
  video_id: id.nullable(),
  create_time: time,
})
export type CoinEntry = z.infer<typeof coinEntry>

export const listMyCoins = endpoint({
  method: 'GET',
  path: `${apiPrefix}/me/coins`,
  tag,
  summary: 'My coins and where they came from, newest first; the first look of a day earns one',
  access: 'user',
  query: pageQuery,
  data: page(coinEntry).extend({ balance: z.number().int() }),
  errors: ['cursor_invalid'],
})
