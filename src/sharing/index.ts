/** How a video, a room and a person look from other sites: heads of pages, oEmbed, the embedded player, feeds. */
export { createLooks } from './looks.ts'
export { createDressPage, mountSharingRoutes } from './routes.ts'
