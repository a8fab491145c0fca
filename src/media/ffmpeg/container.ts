/** Owns the list of containers that are let in. Each is the demuxer that ffmpeg is forced to; none of them opens other files or addresses. */

export type Container = 'mov' | 'matroska' | 'mpegts' | 'avi' | 'flv' | 'asf' | 'mpeg' | 'ogg'
