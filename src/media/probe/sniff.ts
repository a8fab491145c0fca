/** Owns telling by the first bytes what a file is. Names and what a client says of a file count for nothing. */

import type { Container } from '../ffmpeg/container.ts'

export type Sniffed =
  { container: Container } | { refused: 'empty_file' | 'not_media' | 'playlist_refused' | 'no_video_track' }

export const sniffBytes = 1024

/** `head` is the file's first `sniffBytes`, or all of it. */
export const sniff = (head: Buffer): Sniffed => {
  if (head.length === 0) return { refused: 'empty_file' }
  const container = containerOf(head)
  if (container !== undefined) return { container }
  if (isPlaylist(head)) return { refused: 'playlist_refused' }
  return { refused: isSound(head) ? 'no_video_track' : 'not_media' }
}

const containerOf = (head: Buffer): Container | undefined => {
  const at = (offset: number, text: string): boolean =>
    head.toString('latin1', offset, offset + text.length) === text
  if (/^(ftyp|moov|mdat|wide|free|skip|pnot)$/.test(head.toString('latin1', 4, 8))) return 'mov'
  if (at(0, '\x1a\x45\xdf\xa3')) return 'matroska'
  if (at(0, 'RIFF') && at(8, 'AVI ')) return 'avi'
  if (at(0, 'FLV\x01')) return 'flv'
  if (at(0, '\x30\x26\xb2\x75\x8e\x66\xcf\x11')) return 'asf'
  if (at(0, '\x00\x00\x01\xba')) return 'mpeg'
  if (at(0, 'OggS')) return 'ogg'
  // A sync byte alone is a letter: three packets of 188 bytes, or of 192 on Blu-ray discs.
  if ([0, 188, 376].every((offset) => head[offset] === 0x47)) return 'mpegts'
  if ([4, 196, 388].every((offset) => head[offset] === 0x47)) return 'mpegts'
  return undefined
}

const isPlaylist = (head: Buffer): boolean =>
  /^\ufeff?\s*(#EXTM3U|#EXT-X-|ffconcat|file\s|<\?xml|<MPD|<smil|\[playlist\]|concat:|subfile)/i.test(
    head.toString('utf8'),
  )

const isSound = (head: Buffer): boolean => {
  const text = head.toString('latin1', 0, 12)
  if (/^(ID3|fLaC|#!AMR|FORM|caff|OggS|MThd)/.test(text)) return true
  if (text.startsWith('RIFF') && text.endsWith('WAVE')) return true
  // MPEG audio and ADTS: eleven bits of sync.
  return head[0] === 0xff && ((head[1] ?? 0) & 0xe0) === 0xe0
}
