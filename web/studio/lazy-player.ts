/** Owns loading the player only where a studio page really shows a picture. */
import { defineAsyncComponent } from 'vue'

export const lazyPlayer = defineAsyncComponent(() => import('../player/video-player.vue'))
