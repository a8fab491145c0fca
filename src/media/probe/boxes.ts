/**
 * Owns a first walk over the boxes of an MP4 or MOV file: is it whole, and how are its tracks edited? It reads box
 * headers only, so that it costs nothing for a file of any size.
 */
import type { FileHandle } from 'node:fs/promises'

export interface Layout {
  /** A box says that it is longer than what is there, or there is no `moov`. */
  cutShort: boolean
  /** A track is played in several pieces, or faster or slower: ISO/IEC 14496-12 §8.6.6. */
  complexEdits: boolean
}

const containersOfTracks = new Set(['moov', 'trak', 'edts'])
const maxBoxes = 20_000

export const readLayout = async (file: FileHandle, sizeBytes: number): Promise<Layout> => {
  const layout: Layout = { cutShort: false, complexEdits: false }
  let boxes = 0
  let hasMovie = false

  const walk = async (from: number, to: number, depth: number): Promise<void> => {
    for (let offset = from; offset + 8 <= to;) {
      if (++boxes > maxBoxes) return
      const box = await readHeader(file, offset, sizeBytes)
      if (box === undefined) return
      const end = offset + box.length
      if (depth === 0 && box.type === 'moov') hasMovie = true
      if (depth === 0 && end > sizeBytes) layout.cutShort = true
      if (containersOfTracks.has(box.type)) await walk(offset + box.header, Math.min(end, to), depth + 1)
      if (box.type === 'elst') layout.complexEdits ||= await isComplex(file, offset + box.header)
      if (box.length < box.header) return
      offset = end
    }
  }
  await walk(0, sizeBytes, 0)
  layout.cutShort ||= !hasMovie
  return layout
}

const readHeader = async (
  file: FileHandle,
  offset: number,
  sizeBytes: number,
): Promise<{ type: string; length: number; header: number } | undefined> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, offset)
  if (bytesRead < 8) return undefined
  const type = buffer.toString('latin1', 4, 8)
  const length = buffer.readUInt32BE(0)
  if (length === 0) return { type, length: sizeBytes - offset, header: 8 }
  if (length !== 1) return { type, length, header: 8 }
  if (bytesRead < 16) return undefined
  return { type, length: Number(buffer.readBigUInt64BE(8)), header: 16 }
}

/** Simple is: an optional empty edit, then one piece at normal speed. */
const isComplex = async (file: FileHandle, offset: number): Promise<boolean> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(8 + 3 * 20), 0, 8 + 3 * 20, offset)
  if (bytesRead < 8) return false
  const isLong = buffer[0] === 1
  const entry = isLong ? 20 : 12
  const count = Math.min(3, buffer.readUInt32BE(4))
  let pieces = 0
  for (let i = 0; i < count && 8 + (i + 1) * entry <= bytesRead; i++) {
    const at = 8 + i * entry
    const mediaTime = isLong ? buffer.readBigInt64BE(at + 8) : BigInt(buffer.readInt32BE(at + 4))
    if (mediaTime === -1n) continue
    pieces++
    if (buffer.readUInt32BE(at + entry - 4) !== 0x10000) return true
  }
  return pieces > 1 || count > 2
}
