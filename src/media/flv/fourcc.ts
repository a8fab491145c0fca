/** Owns the numbers and names of FLV and Enhanced RTMP v2 tags. It holds no behaviour but one lookup. */

export const videoPacket = {
  sequenceStart: 0,
  codedFrames: 1,
  sequenceEnd: 2,
  codedFramesX: 3,
  metadata: 4,
  mpeg2tsSequenceStart: 5,
  multitrack: 6,
  modEx: 7,
} as const

export const audioPacket = {
  sequenceStart: 0,
  codedFrames: 1,
  sequenceEnd: 2,
  multichannelConfig: 4,
  multitrack: 5,
  modEx: 7,
} as const

/** SoundFormat names of the legacy tag, FLV 10.1 §E.4.2.1, for what is refused in plain words. */
export const soundFormatNames: Readonly<Record<number, string>> = {
  0: 'PCM',
  1: 'ADPCM',
  2: 'MP3',
  3: 'PCM',
  4: 'Nellymoser',
  5: 'Nellymoser',
  6: 'Nellymoser',
  7: 'G.711 A-law',
  8: 'G.711 mu-law',
  11: 'Speex',
  14: 'MP3',
}

/** CodecID names of the legacy tag, FLV 10.1 §E.4.3.1. */
export const videoCodecNames: Readonly<Record<number, string>> = {
  2: 'Sorenson H.263',
  3: 'Screen Video',
  4: 'VP6',
  5: 'VP6',
  6: 'Screen Video 2',
  8: 'VP8',
}
