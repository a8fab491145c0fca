/** Owns the choice between hls.js and the browser's own HLS. */
import { attachNative } from './attach-native.ts'
import type { Playback, PlaybackOptions } from './source.ts'

const load = async () => {
  const [{ default: Library }, { attachHls }] = await Promise.all([
    import('hls.js/light'),
    import('./attach-hls.ts'),
  ])
  return { Library, attachHls }
}
let loading: ReturnType<typeof load> | undefined

/** Starts loading hls.js; a page calls this before it knows what to play. */
export const loadHls = (): ReturnType<typeof load> =>
  (loading ??= load().catch((error: unknown) => {
    // The next player tries again.
    loading = undefined
    throw error
  }))

export const attach = async (options: PlaybackOptions): Promise<Playback> => {
  const { Library, attachHls } = await loadHls()
  return Library.isSupported() ? attachHls(Library, options) : attachNative(options)
}
