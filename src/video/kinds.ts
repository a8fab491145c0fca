/** Owns the names that videos' jobs and files go by, and how long a file waits for another try. */

export const processKind = 'video.process'
export const transcodeKind = 'video.transcode'
export const postersKind = 'video.posters'
export const storyboardKind = 'video.storyboard'
export const publishKind = 'video.publish'

export const mediaFile = 'video.mp4'
export const playlistFile = 'media.m3u8'
export const storyboardFile = 'storyboard.vtt'

/** So long the file of a failed video is kept where not the file was at fault. */
export const keptMs = 7 * 24 * 3600_000
/** A recording as one file. */
export const wholeFileName = 'whole.mp4'
