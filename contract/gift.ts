/** Owns which gifts there are, what one looks like in a room, and the endpoints around giving. */
import { z } from 'zod'
import { apiPrefix, id, idParams, time } from './common.ts'
import { endpoint } from './endpoint.ts'
import { author } from './user.ts'

const tag = 'live'

export const giftId = z.enum(['flower', 'cheer', 'coffee', 'firework', 'rocket', 'crown'])
export type GiftId = z.infer<typeof giftId>

/** What one of each costs, in coins. Prices may change; what was given keeps the price of its moment. */
export const giftPrices: Readonly<Record<GiftId, number>> = {
  flower: 1,
  cheer: 2,
  coffee: 5,
  firework: 20,
  rocket: 50,
  crown: 100,
}

export const giftCounts = [1, 5, 10, 66] as const

/** One gift, as everybody in the room sees it; over the socket with `type: "gift"`. */
export const gift = z.object({
  id,
  user: z.object({ id, nickname: z.string() }),
  gift: giftId,
  count: z.number().int(),
  /** How many of these the same person has given in a row, this one included; a pause of 10 s begins anew. */
  combo: z.number().int(),
  coins: z.number().int(),
  sent_at: time,
})
export type Gift = z.infer<typeof gift>

export const listGifts = endpoint({
  method: 'GET',
  path: `${apiPrefix}/gifts`,
  tag,
  summary: 'The gifts there are and what they cost',
  access: 'optional',
  data: z.object({ items: z.array(z.object({ gift: giftId, coins: z.number().int() })) }),
  shared: true,
})

export const sendGift = endpoint({
  method: 'POST',
  path: `${apiPrefix}/live/{id}/gifts`,
  tag,
  summary: 'Give to the owner of a live room; the same client_id gives once',
  access: 'user',
  params: idParams,
  body: z.strictObject({
    gift: giftId,
    count: z.number().int().min(1).max(999).default(1),
    client_id: z
      .string()
      .regex(/^[\w-]{1,36}$/)
      .optional(),
  }),
  data: z.object({ gift, balance: z.number().int() }),
  errors: ['not_found', 'room_not_live', 'self_refused', 'coins_insufficient', 'banned_here', 'rate_limited'],
})

export const supporter = z.object({ user: author, coins: z.number().int() })
export type Supporter = z.infer<typeof supporter>

export const listSupporters = endpoint({
  method: 'GET',
  path: `${apiPrefix}/live/{id}/supporters`,
  tag,
  summary: 'Who gave most, in the running session or ever; at most 20',
  access: 'optional',
  params: idParams,
  query: z.object({ scope: z.enum(['session', 'all']).default('session') }),
  data: z.object({ items: z.array(supporter), coins: z.number().int() }),
  errors: ['not_found'],
})

declare module './events.ts' {
  interface Events {
    'live.gifted': {
      gift_id: string
      session_id: string
      room_id: string
      user_id: string
      owner_id: string
      coins: number
    }
  }
}
