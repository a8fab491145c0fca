/** The site itself: what it is called, what it can do on this machine, and how its first administrator is made. */
export { createSetup } from './setup.ts'
export type { Setup } from './setup.ts'
export { mountSiteRoutes } from './routes.ts'
import './tables.ts'
