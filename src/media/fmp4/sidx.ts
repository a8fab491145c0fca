/** Owns the segment index (ISO/IEC 14496-12 §8.16.3): with it a fragmented file tells its length and can be sought. Pure. */

export interface IndexedFragment {
  sizeBytes: number
  durationMs: number
  /** Begins with a keyframe. */
  independent: boolean
}

const timescale = 1000
const headBytes = 40
const entryBytes = 12
/** `reference_count` has 16 bits. */
export const maxIndexed = 65_535

/** The box, standing right before the first fragment; `startMs` is that one's decode time. */
export const writeSidx = (fragments: readonly IndexedFragment[], startMs: number): Buffer => {
  if (fragments.length > maxIndexed) throw new Error('too many fragments for one index')
  const box = Buffer.alloc(headBytes + entryBytes * fragments.length)
  box.writeUInt32BE(box.length, 0)
  box.write('sidx', 4, 'latin1')
  // Version 1: times of 64 bits.
  box.writeUInt32BE(0x01000000, 8)
  box.writeUInt32BE(1, 12)
  box.writeUInt32BE(timescale, 16)
  box.writeBigUInt64BE(BigInt(Math.round(startMs)), 20)
  box.writeUInt16BE(fragments.length, 38)
  // Rounded sums, so that a day of fragments does not drift.
  let endMs = 0
  fragments.forEach(({ sizeBytes, durationMs, independent }, i) => {
    const at = headBytes + entryBytes * i
    const before = Math.round(endMs)
    endMs += durationMs
    box.writeUInt32BE(sizeBytes, at)
    box.writeUInt32BE(Math.max(0, Math.round(endMs) - before), at + 4)
    // starts_with_SAP of type 1, no delta.
    box.writeUInt32BE(independent ? 0x90000000 : 0, at + 8)
  })
  return box
}
