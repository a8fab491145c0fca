/** Owns the route of one's own coins. */
import { listMyCoins } from '../../contract/coin.ts'
import type { Router } from '../platform/http/route.ts'
import type { Coins } from './service.ts'

export const mountCoinRoutes = (router: Router, { coins }: { coins: Coins }): void => {
  router.on(listMyCoins, ({ query, caller }) => coins.list(caller.userId, query))
}
