/** Owns how the web is built and served while developing; the server's address is `VIREO_SERVER` or 127.0.0.1:8080. */
import { fileURLToPath } from 'node:url'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { compress } from './compress.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const server = process.env['VIREO_SERVER'] ?? 'http://127.0.0.1:8080'
// Whole segments: Vite itself serves web/api/ as /api/… and web/player/ as /player/….
const proxied =
  '^/(api/v1|passport|play|media|docs|embed/[0-9A-Za-z]+|oembed|openapi\\.json|postman\\.json)(?=[/?]|$)'

export default defineConfig({
  root: here('.'),
  plugins: [
    vue({ template: { compilerOptions: { isCustomElement: (tag) => tag.startsWith('media-') } } }),
    ui({
      // Our own switch (ui/theme.ts) owns the colour mode, our own imports are written out.
      colorMode: false,
      autoImport: false,
      components: { dirs: [], dts: here('components.d.ts') },
      icon: {
        clientBundle: {
          scan: { globInclude: ['**/*.{vue,ts}'], globExclude: ['node_modules', 'dist', '*.d.ts'] },
        },
      },
      theme: { colors: ['primary', 'secondary', 'success', 'info', 'warning', 'error'] },
      ui: {
        colors: { primary: 'vireo', secondary: 'sun', success: 'vireo', neutral: 'olive', error: 'red' },
        button: { slots: { base: 'cursor-pointer font-medium' }, defaultVariants: { size: 'lg' } },
        input: { slots: { root: 'w-full' }, defaultVariants: { size: 'xl' } },
        textarea: { slots: { root: 'w-full' }, defaultVariants: { size: 'xl' } },
        select: { slots: { base: 'w-full' }, defaultVariants: { size: 'xl' } },
        inputTags: { slots: { root: 'w-full' }, defaultVariants: { size: 'xl' } },
      },
    }),
    compress(here('dist')),
  ],
  resolve: { alias: { zod: here('api/zod-stub.ts') } },
  build: {
    // The embedded player is a page of its own: it loads nothing of the site.
    rolldownOptions: { input: [here('index.html'), here('embed.html')] },
    outDir: here('dist'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
  server: {
    port: 5200,
    host: '127.0.0.1',
    fs: { allow: [here('..')] },
    proxy: { [proxied]: { target: server, ws: true } },
  },
})
