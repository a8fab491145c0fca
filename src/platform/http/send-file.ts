/**
 * Owns sending a stretch of a file. Its buffers are used again: a fresh one for each read would make the garbage
 * collector, which counts what lies outside of the heap, work more than all else that serving takes.
 */
import { read } from 'node:fs'
import type { FastifyReply } from 'fastify'
import { expectTaken } from './patience.ts'

export interface OpenedFile {
  readonly fd: number
  /** Does no harm when it is closed already. */
  close(): void
}

/** What a player asks for at once fits in: each read wakes another thread. */
const bufferBytes = 512 * 1024
/** 16 MB; beyond that many downloads at once they come and go. */
const mostSpare = 32
const spare: Buffer[] = []

/**
 * Sends bytes `start` to `end`, both included, with the status and headers that `reply` has by now, and closes `file`.
 * What can not be read to its end is cut off, so that nobody takes it for whole. Never rejects.
 */
export const sendFile = async (
  reply: FastifyReply,
  file: OpenedFile,
  start: number,
  end: number,
): Promise<void> => {
  reply.hijack()
  const out = reply.raw
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(bufferBytes)
  try {
    out.writeHead(reply.statusCode, reply.getHeaders() as Record<string, string>)
    for (let at = start; at <= end;) {
      const bytesRead = await readAt(file.fd, buffer, Math.min(bufferBytes, end + 1 - at), at)
      if (bytesRead === 0) throw new Error('The file has become shorter')
      at += bytesRead
      if (!(await taken(out, buffer.subarray(0, bytesRead), at > end))) return
    }
    // Only here nobody can hold it any more.
    if (spare.length < mostSpare) spare.push(buffer)
  } catch {
    out.destroy()
  } finally {
    file.close()
  }
}

const readAt = (fd: number, buffer: Buffer, length: number, at: number): Promise<number> =>
  new Promise((resolve, reject) => {
    read(fd, buffer, 0, length, at, (error, bytesRead) => (error ? reject(error) : resolve(bytesRead)))
  })

/** Resolves when the system has taken all of it: true; or when the client has gone, or did not read it in time: false. */
const taken = (out: FastifyReply['raw'], bytes: Buffer, isLast: boolean): Promise<boolean> =>
  new Promise((resolve) => {
    if (out.destroyed || out.writableEnded) return resolve(false)
    const isTaken = expectTaken(out)
    const onClose = (): void => {
      isTaken()
      resolve(false)
    }
    out.once('close', onClose)
    const done = (error?: Error | null): void => {
      isTaken()
      out.off('close', onClose)
      resolve(!error)
    }
    if (isLast) out.end(bytes, done)
    else out.write(bytes, done)
  })
