/** Owns the choice between hls.js and the browser's own HLS. */
import type Hls from 'hls.js'
import { attachNative } from './attach-native.ts'
import type { Playback, PlaybackOptions } from './source.ts'

let library: Promise<typeof Hls> | undefined

/** Starts loading hls.js; a page calls this before it knows what to play. */
export const loadHls = (): Promise<typeof Hls> =>
  (library ??= import('hls.js/light').then((module) => module.default))

export const attach = async (options: PlaybackOptions): Promise<Playback> => {
  const [Library, { attachHls }] = await Promise.all([loadHls(), import('./attach-hls.ts')])
  return Library.isSupported() ? attachHls(Library, options) : attachNative(options)
}
