/** Owns the names that videos' jobs and files go by. */

export const processKind = 'video.process'
export const transcodeKind = 'video.transcode'
export const postersKind = 'video.posters'

export const mediaFile = 'video.mp4'
export const playlistFile = 'media.m3u8'
