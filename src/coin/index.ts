/** Coins: a ledger of what was earned and spent, and the balance that it adds up to. */
import './tables.ts'

export { createCoins } from './service.ts'
export type { CoinNews, Coins } from './service.ts'
export { mountCoinRoutes } from './routes.ts'
