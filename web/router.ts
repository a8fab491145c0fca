/** Owns which page stands at which address; every page is a chunk of its own. */
import { createRouter, createWebHistory } from 'vue-router'
import { paths, safeNext } from './paths.ts'
import { onSessionChange, sessionReady, signedIn, user } from './api/session.ts'

declare module 'vue-router' {
  interface RouteMeta {
    /** Only for people who are signed in; others go to the sign-in page and come back. */
    private?: boolean
    /** Only for moderators and administrators. */
    moderator?: boolean
    /** Pages without header and tab bar. */
    plain?: boolean
    /** No tab bar below on a phone, where the page needs the height. */
    tall?: boolean
  }
}

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? undefined : { top: 0 }),
  routes: [
    { path: '/', component: () => import('./pages/home.vue') },
    { path: '/live', component: () => import('./pages/live-list.vue') },
    { path: '/live/:id', component: () => import('./pages/room.vue'), meta: { tall: true } },
    { path: '/video/:id', component: () => import('./pages/watch.vue'), meta: { tall: true } },
    { path: '/u/:id', component: () => import('./pages/profile.vue') },
    { path: '/feed', component: () => import('./pages/feed.vue'), meta: { private: true } },
    { path: '/post/:id', component: () => import('./pages/post.vue') },
    { path: '/messages/:box?', component: () => import('./pages/messages.vue'), meta: { private: true } },
    {
      path: '/messages/:box(private)/:id',
      component: () => import('./pages/messages.vue'),
      meta: { private: true, tall: true },
    },
    { path: '/reports/:id', component: () => import('./pages/case.vue'), meta: { private: true } },
    { path: '/login', component: () => import('./pages/sign-in.vue'), meta: { plain: true } },
    { path: '/register', component: () => import('./pages/sign-up.vue'), meta: { plain: true } },
    {
      path: '/reset-password',
      component: () => import('./pages/reset-password.vue'),
      meta: { plain: true },
    },
    { path: '/setup', component: () => import('./pages/setup.vue'), meta: { plain: true } },
    { path: '/me', component: () => import('./pages/me.vue') },
    {
      path: '/settings',
      component: () => import('./account/settings-frame.vue'),
      meta: { private: true },
      children: [
        { path: '', component: () => import('./pages/settings.vue') },
        { path: 'privacy', component: () => import('./pages/privacy.vue') },
        { path: 'security', component: () => import('./pages/security.vue') },
      ],
    },
    {
      path: '/studio',
      component: () => import('./pages/studio.vue'),
      meta: { private: true },
      redirect: paths.myVideos(),
      children: [
        { path: 'live', component: () => import('./pages/studio-live.vue') },
        { path: 'room', component: () => import('./pages/studio-room.vue') },
        { path: 'upload', component: () => import('./pages/studio-upload.vue') },
        { path: 'videos', component: () => import('./pages/studio-videos.vue') },
        { path: 'webhooks', component: () => import('./pages/studio-webhooks.vue') },
      ],
    },
    { path: '/overlay', component: () => import('./pages/overlay.vue'), meta: { plain: true } },
    { path: '/search', component: () => import('./pages/search.vue') },
    { path: '/playlist/:id', component: () => import('./pages/playlist.vue') },
    {
      path: '/library',
      component: () => import('./pages/library.vue'),
      meta: { private: true },
      redirect: paths.history(),
      children: [
        { path: 'history', component: () => import('./pages/library-history.vue') },
        { path: 'later', component: () => import('./pages/library-later.vue') },
        { path: 'favourites', component: () => import('./pages/library-favourites.vue') },
        { path: 'playlists', component: () => import('./pages/library-playlists.vue') },
        { path: 'coins', component: () => import('./pages/library-coins.vue') },
      ],
    },
    {
      path: '/admin',
      component: () => import('./admin/layout.vue'),
      meta: { private: true },
      children: [
        { path: '', component: () => import('./admin/dashboard.vue') },
        { path: 'users', component: () => import('./admin/users.vue') },
        { path: 'users/:id', component: () => import('./admin/user.vue') },
        { path: 'videos', component: () => import('./admin/videos.vue') },
        { path: 'live', component: () => import('./admin/live.vue') },
        { path: 'reports', component: () => import('./admin/reports.vue') },
        { path: 'jobs', component: () => import('./admin/jobs.vue') },
        { path: 'settings', component: () => import('./admin/settings.vue') },
        { path: 'audit', component: () => import('./admin/audit.vue') },
      ],
    },
    { path: '/:rest(.*)*', component: () => import('./pages/not-found.vue') },
  ],
})

router.beforeEach(async (to) => {
  const entering = to.path === '/login' || to.path === '/register'
  if (!entering && !to.matched.some((record) => record.meta.private)) return true
  await sessionReady()
  if (entering) return signedIn.value ? safeNext(to.query['next']) : true
  if (!signedIn.value) return paths.signIn(to.fullPath)
  const { role } = user.value ?? {}
  return !to.meta.moderator || role === 'moderator' || role === 'admin' || paths.home()
})

// A session that ended takes its private pages with it; one that came back, after the server was away, opens them.
onSessionChange(() => {
  const { matched, fullPath, path, query } = router.currentRoute.value
  if (signedIn.value && path === '/login') void router.replace(safeNext(query['next']))
  if (!signedIn.value && matched.some((record) => record.meta.private))
    void router.replace(paths.ended(fullPath))
})

// A new release replaced the chunks that an open tab still names: load the page anew, once.
router.onError((error, to) => {
  if (!/dynamically imported module|Importing a module script failed|error loading/i.test(String(error)))
    return
  const key = 'vireo.reloaded'
  if (sessionStorage.getItem(key) === to.fullPath) return
  sessionStorage.setItem(key, to.fullPath)
  location.assign(to.fullPath)
})
