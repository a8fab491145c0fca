/** The site itself: what it is called, what it can do on this machine, and how its first administrator is made. */
export { createSetup } from './setup.ts'
export type { Setup } from './setup.ts'
export { mountSiteRoutes } from './routes.ts'
export { createRefusedWords, refusedWordsName } from './refused-words.ts'
export { createMissing } from './missing.ts'
export type { Missing } from './missing.ts'
export { createSiteDescription } from './describe.ts'
import './tables.ts'
