/** Owns what is to be done with a probed upload. Pure. */
import type { FailureCode } from '../../contract/video.ts'
import type { FfprobeFacts } from '../media/ffmpeg/ffmpeg.ts'
import type { Facts, Probed } from '../media/probe/probe.ts'

/** A file that can not become a video; its owner reads why. */
export class Refused extends Error {
  readonly failure: FailureCode

  constructor(failure: FailureCode, detail = '') {
    super(detail === '' ? failure : `${failure}: ${detail}`)
    this.name = 'Refused'
    this.failure = failure
  }
}

/** Another try may succeed once the machine is mended; a file that is broken stays so. */
export const isOurFault = (failure: FailureCode | null): boolean =>
  failure === 'needs_ffmpeg' || failure === 'internal'

const sides = { min: 16, max: 8192 }
const maxDurationS = 12 * 3600

/** Throws Refused for what no decoder shall see. */
export const assertShape = (width: number, height: number, durationS: number): void => {
  for (const side of [width, height])
    if (!(side >= sides.min && side <= sides.max)) throw new Refused('dimensions', `${width}x${height}`)
  if (durationS > maxDurationS) throw new Refused('too_long')
}

/** Can it be played without encoding anything again? Throws Refused. */
export const isRemuxable = ({ container, facts, complexEdits }: Probed): boolean => {
  if (facts === undefined) return false
  const { video, audio, durationS } = facts
  if (video === undefined) throw new Refused('no_video_track')
  assertShape(video.width, video.height, durationS)
  const isPlain = (container === 'mov' || container === 'matroska') && !complexEdits && durationS > 0
  return isPlain && video.webReady && audio?.webReady !== false
}

export interface TranscodePlan {
  durationS: number
  hdr: boolean
  copyVideo: boolean
  copyAudio: boolean
}

/** Throws Refused. */
export const planTranscode = (probed: Probed, seen: FfprobeFacts): TranscodePlan => {
  const facts: Facts | undefined = probed.complexEdits ? undefined : probed.facts
  if (seen.video === undefined) throw new Refused('no_video_track')
  const durationS = seen.durationS || (probed.facts?.durationS ?? 0)
  assertShape(seen.video.width, seen.video.height, durationS)
  return {
    durationS,
    hdr: seen.video.hdr,
    copyVideo: facts?.video?.webReady === true && probed.container !== 'mpegts',
    copyAudio: facts?.audio?.webReady === true && probed.container !== 'mpegts',
  }
}
