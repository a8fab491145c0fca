/** One connection against hostile peers, over real sockets. */
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { silentLog } from '../../platform/log/log.ts'
import { encodeAmf } from './amf0.ts'
import { writeMessage } from './chunk-writer.ts'
import { messageType } from './protocol.ts'
import { startRtmpServer } from './server.ts'

test('who asks without end and reads no answer is cut', async () => {
  const closed: string[] = []
  const server = await startRtmpServer({
    host: '127.0.0.1',
    port: 0,
    limits: { preAuthBytes: 16 * 1024 * 1024 },
    log: { ...silentLog, info: (_fields, msg) => void closed.push(msg) },
    now: () => Date.now(),
    authorise: async () => ({ refused: 'nobody publishes here' }),
  })
  const socket = connect(server.port, '127.0.0.1')
  const hungUp = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  socket.pause()
  socket.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(2 * 1536)]))
  const question = writeMessage(3, messageType.commandAmf0, 0, encodeAmf('connect', 1, { app: 'live' }), 128)
  // Some 50 MB of answers: more than what the system holds of them.
  socket.write(Buffer.concat(Array.from({ length: 100_000 }, () => question)))
  await expect.poll(() => closed, { timeout: 20_000 }).toEqual(['closed: it does not read our answers'])
  socket.destroy()
  await hungUp
  await server.close()
})
