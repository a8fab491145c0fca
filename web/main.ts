/** Owns the start of the web: language first, then plugins, then the page. */
import ui from '@nuxt/ui/vue-plugin'
import { addAPIProvider } from '@iconify/vue'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import './styles/main.css'
import { queryClient } from './api/client.ts'
import { startSession } from './api/session.ts'
import App from './app.vue'
import { startText } from './i18n/text.ts'
import { router } from './router.ts'

// An icon that was not bundled must stay away rather than be fetched from a public host.
addAPIProvider('', { resources: ['/none'] })
startSession()

await startText()
createApp(App).use(router).use(VueQueryPlugin, { queryClient }).use(ui).mount('#app')
