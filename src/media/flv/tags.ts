/** Owns cutting an FLV file that comes in pieces into its tags, FLV 10.1 §E.3 and §E.4. */

export interface FlvTag {
  /** 8 audio, 9 video, 18 script data: the same numbers as RTMP's message types. */
  type: number
  timestampMs: number
  body: Buffer
}

const fileHeader = 9
const tagHeader = 11
const previousSize = 4
/** A tag is a frame; a larger one is no FLV. */
const maxTagBytes = 32 * 1024 * 1024

/** Gives the tags that are whole now. Throws where it is no FLV. */
export const createFlvReader = (): ((bytes: Buffer) => FlvTag[]) => {
  let kept: Buffer = Buffer.alloc(0)
  let began = false
  return (bytes) => {
    kept = kept.length === 0 ? bytes : Buffer.concat([kept, bytes])
    const tags: FlvTag[] = []
    let at = 0
    if (!began) {
      if (kept.length < fileHeader + previousSize) return tags
      if (kept.toString('latin1', 0, 3) !== 'FLV') throw new Error('not FLV')
      at = kept.readUInt32BE(5) + previousSize
      began = true
    }
    while (kept.length - at >= tagHeader) {
      const size = kept.readUIntBE(at + 1, 3)
      if (size > maxTagBytes) throw new Error('an FLV tag is too large')
      const end = at + tagHeader + size
      if (kept.length < end + previousSize) break
      tags.push({
        type: (kept[at] ?? 0) & 31,
        // The upper eight bits come last, §E.4.1.
        timestampMs: kept.readUIntBE(at + 4, 3) + (kept[at + 7] ?? 0) * 0x1000000,
        body: kept.subarray(at + tagHeader, end),
      })
      at = end + previousSize
    }
    kept = kept.subarray(at)
    return tags
  }
}
