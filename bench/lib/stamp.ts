/** Owns a time that travels in a frame: an H.264 filler NAL, which decoders skip. */

const mark = Buffer.from('VIREOTIME')
// Length, type 12 (filler data), mark, the time as a double with no zero bytes in front that would need escaping here.
const nalBytes = 1 + mark.length + 8

/** The AVC tag with the time behind its last NAL. */
export const stampTag = (body: Buffer, atMs: number): Buffer => {
  const nal = Buffer.alloc(4 + nalBytes)
  nal.writeUInt32BE(nalBytes)
  nal[4] = 12
  mark.copy(nal, 5)
  nal.writeDoubleBE(atMs, 5 + mark.length)
  return Buffer.concat([body, nal])
}

/** The time in the first stamped frame of a part. */
export const stampOf = (part: Buffer): number | undefined => {
  const at = part.indexOf(mark)
  return at < 0 ? undefined : part.readDoubleBE(at + mark.length)
}
