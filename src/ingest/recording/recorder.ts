/**
 * Owns writing a session to disk as it happens: append-only bundles and their journal. Bytes first, then the
 * journal's line, so that a kill loses at most the part in the making. It never makes the publisher wait, and
 * stops by itself when disk, quota or its queue is full.
 */
import { mkdir, open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Stream, ReaderHandle } from '../../media/flow/stream.ts'
import { updateBytes } from '../../media/hls/updates.ts'
import type { HlsUpdate, InitUpdate, PartUpdate } from '../../media/hls/updates.ts'
import type { RecordingSummary } from '../types.ts'
import { bundleFile, journalFile } from './journal.ts'
import type { Journal, JournalLine } from './journal.ts'

export interface RecorderOptions {
  dir: string
  sessionId: string
  roomId: string
  startedAtMs: number
  quotaBytes: number
  bundleBytes: number
  source: Stream<HlsUpdate>
  /** What an earlier process wrote. */
  earlier: Journal | undefined
  /** Once, when recording ends before the session does. */
  onStopped(reason: string): void
}

export interface Recorder {
  readonly bytes: number
  readonly stopped: boolean
  /** Waits for what is queued and closes the files; the session may be resumed later. */
  close(): Promise<void>
  /** As `close`, and marks the journal as ended. null when nothing was recorded. */
  finish(atMs: number): Promise<RecordingSummary | null>
}

const queueBytes = 64 * 1024 * 1024

const round3 = (value: number): number => Math.round(value * 1000) / 1000

export const createRecorder = (options: RecorderOptions): Recorder => {
  const { dir, earlier, bundleBytes } = options
  let bundle = (earlier?.parts.at(-1)?.bundle ?? -1) + 1
  let bundleHandle: FileHandle | undefined
  let journal: FileHandle | undefined
  let offset = 0
  let bytes = earlier?.bytes ?? 0
  let durationMs = earlier?.parts.reduce((sum, part) => sum + part.durationMs, 0) ?? 0
  const segments = new Set(earlier?.parts.map((part) => part.msn))
  let firstVideo = earlier?.inits.flatMap((init) => init.tracks).find((track) => track.kind === 'video')
  let stopped = earlier?.stoppedEarly ?? false
  // An init is written in front of the first part that needs it.
  let init: InitUpdate | undefined
  let initWritten = -1

  const openJournal = async (): Promise<FileHandle> => {
    await mkdir(dir, { recursive: true })
    const handle = await open(journalFile(dir), 'a')
    const { sessionId, roomId, startedAtMs } = options
    // A line torn by a kill ends here, so that only it is lost.
    if ((await stat(journalFile(dir))).size > 0) await handle.appendFile('\n')
    else await handle.appendFile(JSON.stringify({ t: 'open', v: 1, sessionId, roomId, startedAtMs }) + '\n')
    return handle
  }

  const writeLine = async (line: JournalLine): Promise<void> => {
    journal ??= await openJournal()
    await journal.appendFile(JSON.stringify(line) + '\n')
  }

  const openBundle = async (): Promise<FileHandle> => {
    journal ??= await openJournal()
    // An orphan of a kill (bytes without a journal line) is never written over.
    for (;;) {
      try {
        const handle = await open(bundleFile(dir, bundle), 'wx')
        offset = 0
        initWritten = -1
        return handle
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
        bundle++
      }
    }
  }

  const closeBundle = async (): Promise<void> => {
    const handle = bundleHandle
    bundleHandle = undefined
    if (handle === undefined) return
    await handle.sync()
    await handle.close()
    bundle++
  }

  const append = async (data: Buffer): Promise<number> => {
    bundleHandle ??= await openBundle()
    let written = 0
    while (written < data.length) {
      const { bytesWritten } = await bundleHandle.write(
        data,
        written,
        data.length - written,
        offset + written,
      )
      written += bytesWritten
    }
    const at = offset
    offset += data.length
    bytes += data.length
    return at
  }

  const writeInit = async (update: InitUpdate): Promise<void> => {
    const o = await append(update.bytes)
    await writeLine({ t: 'init', n: update.n, b: bundle, o, l: update.bytes.length, tracks: update.tracks })
    firstVideo ??= update.tracks.find((track) => track.kind === 'video')
    initWritten = update.n
  }

  const writePart = async (part: PartUpdate): Promise<void> => {
    if (bytes + part.bytes.length > options.quotaBytes) throw new Error('the recording quota is used up')
    // A new bundle begins with an IDR where that is possible at all.
    const full = offset + part.bytes.length > bundleBytes
    if (full || (part.independent && offset > bundleBytes * 0.9)) await closeBundle()
    bundleHandle ??= await openBundle()
    if (init?.n === part.init && initWritten !== part.init) await writeInit(init)
    const o = await append(part.bytes)
    await writeLine({
      t: 'part',
      s: part.msn,
      p: part.part,
      i: part.init,
      b: bundle,
      o,
      l: part.bytes.length,
      d: round3(part.durationMs),
      m: round3(part.mediaTimeMs),
      pdt: round3(part.pdtMs),
      ...(part.independent ? { k: 1 as const } : {}),
      ...(part.discontinuity && part.part === 0 ? { x: 1 as const } : {}),
    })
    durationMs += part.durationMs
    segments.add(part.msn)
  }

  const stop = (reason: string): void => {
    if (stopped) return
    stopped = true
    writeLine({ t: 'stop', reason }).catch(() => undefined) // the disk may be full: the flag in memory counts
    options.onStopped(reason)
  }

  const reader: ReaderHandle | undefined = stopped
    ? undefined
    : options.source.attach({
        name: 'recorder',
        maxBytes: queueBytes,
        sizeOf: updateBytes,
        async deliver(update) {
          if (update.type === 'init') init = update
          else if (update.type === 'part') await writePart(update)
        },
        onEnd: stop,
      })

  const close = async (): Promise<void> => {
    await reader?.drained()
    reader?.detach()
    await closeBundle()
    await journal?.sync()
    await journal?.close()
    journal = undefined
  }

  return {
    get bytes() {
      return bytes
    },
    get stopped() {
      return stopped
    },
    close,
    async finish(atMs) {
      await reader?.drained()
      if (durationMs > 0) await writeLine({ t: 'end', atMs }).catch(() => undefined)
      await close()
      if (durationMs <= 0) return null
      return {
        bytes,
        segments: segments.size,
        durationMs: round3(durationMs),
        stoppedEarly: stopped,
        firstVideo:
          firstVideo === undefined
            ? null
            : {
                codec: firstVideo.codec,
                width: firstVideo.width ?? 0,
                height: firstVideo.height ?? 0,
                fps: firstVideo.fps ?? 0,
              },
      }
    },
  }
}
