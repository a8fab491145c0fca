/**
 * Owns a recording as one MP4 file: its first configuration, an index, then every fragment as it lies in the bundles.
 * Nothing is copied or encoded: its length is known before, and any stretch of it can be read.
 */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { bundleFile, readJournal, replaySegments } from '../ingest/index.ts'
import { writeSidx } from '../media/fmp4/sidx.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { ByteSource } from '../platform/http/ranges.ts'

interface Piece {
  /** In memory, or a stretch of a bundle. */
  bytes: Buffer | { path: string; offset: number }
  length: number
}

/** Throws `recording_mixed` where the codec changed on the way: one file can not hold both. */
export const wholeFile = async (directory: string, version: string): Promise<ByteSource | undefined> => {
  const journal = await readJournal(directory)
  const segments = journal ? replaySegments(journal) : []
  const [first] = segments
  if (first === undefined) return undefined
  const init = await initOf(directory, first.init)
  for (const other of new Set(segments.map((segment) => segment.init))) {
    if (!(await initOf(directory, other)).equals(init)) throw new AppError('recording_mixed')
  }
  const index = writeSidx(
    segments.map(({ length, durationMs }) => ({ sizeBytes: length, durationMs, independent: true })),
    first.mediaTimeMs,
  )
  const durationMs = segments.reduce((sum, segment) => sum + segment.durationMs, 0)
  const pieces: Piece[] = [
    { bytes: withDuration(init, durationMs), length: init.length },
    { bytes: index, length: index.length },
    ...segments.map(({ bundle, offset, length }) => ({
      bytes: { path: bundleFile(directory, bundle), offset },
      length,
    })),
  ]
  const sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0)
  return {
    sizeBytes,
    etag: `"${version}-${sizeBytes}"`,
    contentType: 'video/mp4',
    cacheControl: 'no-cache',
    open: async (start, end) => Readable.from(stretch(pieces, start, end)),
  }
}

const initOf = async (
  directory: string,
  { bundle, offset, length }: { bundle: number; offset: number; length: number },
): Promise<Buffer> => {
  await using file = await open(bundleFile(directory, bundle), 'r')
  return (await file.read(Buffer.alloc(length), 0, length, offset)).buffer
}

/** The movie header (ISO/IEC 14496-12 §8.2.2, version 0) says how long the file is; while it was live nobody knew. */
const withDuration = (init: Buffer, durationMs: number): Buffer => {
  const told = Buffer.from(init)
  const at = told.indexOf('mvhd', 0, 'latin1')
  if (at < 0 || told[at + 4] !== 0 || at + 24 > told.length) return told
  const timescale = told.readUInt32BE(at + 16)
  told.writeUInt32BE(Math.min(0xffffffff, Math.round((durationMs * timescale) / 1000)), at + 20)
  return told
}

/** Both ends included. */
async function* stretch(pieces: readonly Piece[], start: number, end: number): AsyncIterable<Buffer> {
  let at = 0
  for (const { bytes, length } of pieces) {
    const from = Math.max(0, start - at)
    const to = Math.min(length, end + 1 - at)
    at += length
    if (from >= to) continue
    if (Buffer.isBuffer(bytes)) yield bytes.subarray(from, to)
    else
      for await (const chunk of createReadStream(bytes.path, {
        start: bytes.offset + from,
        end: bytes.offset + to - 1,
      }))
        yield chunk as Buffer
    if (at > end) return
  }
}
