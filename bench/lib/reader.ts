/**
 * Owns clients that take what they are given and throw it away: one that puts bodies together would be busier than the
 * server, and a server that waits is measured by what it does besides.
 */
import { connect } from 'node:net'
import type { OnReadOpts } from 'node:net'

export interface Wanted {
  host: string
  port: number
  /** Path and `Range` of the next request. */
  next: () => { path: string; range?: string }
}

const headEnd = Buffer.from('\r\n\r\n')

/** Bytes of bodies that `connections` read in `seconds`, one answer after the other. Throws for a refusal. */
export const readFor = async (wanted: Wanted, connections: number, seconds: number): Promise<number> => {
  const endMs = performance.now() + seconds * 1000
  const read = await Promise.all(Array.from({ length: connections }, () => readUntil(wanted, endMs)))
  return read.reduce((sum, bytes) => sum + bytes, 0)
}

const readUntil = ({ host, port, next }: Wanted, endMs: number): Promise<number> =>
  new Promise((resolve, reject) => {
    let total = 0
    let left = 0
    let head = Buffer.alloc(0)
    const ask = (): void => {
      const { path, range } = next()
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n${range === undefined ? '' : `Range: ${range}\r\n`}\r\n`,
      )
    }
    /** The bytes of the body that came with the end of the head; undefined while it is not whole. */
    const afterHead = (chunk: Buffer): number | undefined => {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf(headEnd)
      if (end < 0) return undefined
      const text = head.toString('latin1', 0, end)
      const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1])
      if (!/^HTTP\/1\.1 20[06] /.test(text) || !(length > 0)) throw new Error(`refused: ${text}`)
      left = length
      const came = head.length - end - headEnd.length
      head = Buffer.alloc(0)
      return came
    }
    const take = (chunk: Buffer): void => {
      const came = left > 0 ? chunk.length : afterHead(chunk)
      if (came === undefined) return
      total += came
      left -= came
      if (left > 0) return
      if (performance.now() < endMs) return ask()
      socket.destroy()
      resolve(total)
    }
    const onread: OnReadOpts = {
      buffer: Buffer.allocUnsafeSlow(256 * 1024),
      callback: (bytes, buffer) => {
        try {
          take(Buffer.from(buffer.buffer, buffer.byteOffset, bytes))
        } catch (error) {
          socket.destroy(error as Error)
        }
        return true
      },
    }
    const socket = connect({ host, port, onread })
    socket.on('connect', ask)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server hung up')))
  })
