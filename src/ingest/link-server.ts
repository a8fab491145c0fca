/**
 * Owns ingest's side of the link: it listens, proves the secret, answers API processes and feeds them the
 * sessions they watch. A slow API loses its subscription, never a publisher a frame.
 */
import { randomBytes } from 'node:crypto'
import { chmod, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import type { Log } from '../platform/log/log.ts'
import type { ReaderHandle } from '../media/flow/stream.ts'
import { updateBytes } from '../media/hls/updates.ts'
import type { HlsUpdate } from '../media/hls/updates.ts'
import type { PublishIntent } from '../media/rtmp/connection.ts'
import {
  createFrameReader,
  encodeFrame,
  linkMac,
  linkVersion,
  parseLinkAddress,
  sameMac,
  splitUpdate,
} from './link-protocol.ts'
import type { ToApi, ToIngest } from './link-protocol.ts'
import { createLinkPublications } from './link-publications.ts'
import type { Sessions } from './sessions.ts'
import type { PublishAnswer, SessionEvent } from './types.ts'

export interface LinkServerOptions {
  address: string
  secret: string | undefined
  log: Log
  sessions: () => Sessions
}

export interface LinkServer {
  /** TCP port, 0 for a Unix socket. */
  readonly port: number
  broadcast(event: SessionEvent): void
  /** Tells everyone how PDT and media time of a session lie, watched or not. */
  timeline(sessionId: string): void
  /** Asks any connected API; waits for one to connect. Rejects after 9 s. */
  ask(intent: PublishIntent): Promise<PublishAnswer>
  close(): Promise<void>
}

const askMs = 9_000
const authMs = 5_000
// A subscription's own queue, and what may wait in the socket for all of them.
const subscriptionBytes = 24 * 1024 * 1024
const socketBytes = 128 * 1024 * 1024
const maxLinks = 64
const maxRuns = 100

interface Question {
  id: number
  intent: PublishIntent
  answer(answer: PublishAnswer): void
}

interface Peer {
  send(message: ToApi, binary?: Buffer): void
  destroy(): void
}

export const startLinkServer = async (options: LinkServerOptions): Promise<LinkServer> => {
  const { log } = options
  const epoch = randomBytes(8).toString('hex')
  const peers = new Set<Peer>()
  const sockets = new Set<Socket>()
  const questions = new Map<number, Question>()
  let nextQuestion = 1

  const askPeer = (peer: Peer, { id, intent }: Question): void =>
    peer.send({
      t: 'authorise',
      id,
      request: { streamKey: intent.streamName, app: intent.app, address: intent.address },
    })

  const accept = (socket: Socket): void => {
    if (sockets.size >= maxLinks) {
      socket.destroy()
      return
    }
    sockets.add(socket)
    const peer = servePeer(socket, {
      log,
      epoch,
      secret: options.secret ?? '',
      sessions: options.sessions,
      onReady() {
        peers.add(peer)
        for (const question of questions.values()) askPeer(peer, question)
      },
      onAuthorised: (id, answer) => questions.get(id)?.answer(answer),
      onClosed() {
        sockets.delete(socket)
        peers.delete(peer)
      },
    })
  }

  const server = createServer(accept)
  const target = parseLinkAddress(options.address)
  if ('path' in target) await freePath(target.path)
  else if ((options.secret ?? '') === '') throw new Error('a link over TCP needs a secret')
  await listen(server, target)
  if ('path' in target) await chmod(target.path, 0o600)
  const bound = server.address()

  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    broadcast(event) {
      for (const peer of peers) peer.send({ t: 'event', event })
    },
    timeline(sessionId) {
      const session = options.sessions().find(sessionId)
      if (session === undefined) return
      // What viewers can still see at the edge; a recording's journal has the whole of it.
      const runs = session.runs.slice(-maxRuns)
      for (const peer of peers) peer.send({ t: 'timeline', s: sessionId, runs })
    },
    ask: (intent) =>
      new Promise((resolve, reject) => {
        const id = nextQuestion++
        const timer = setTimeout(() => {
          questions.delete(id)
          reject(new Error('nobody answered'))
        }, askMs)
        const question: Question = {
          id,
          intent,
          answer(answer) {
            clearTimeout(timer)
            questions.delete(id)
            resolve(answer)
          },
        }
        questions.set(id, question)
        // One answers; who connects later is asked again in case that one died.
        const [peer] = peers
        if (peer !== undefined) askPeer(peer, question)
      }),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroySoon()
      const timer = setTimeout(() => sockets.forEach((socket) => socket.destroy()), 200)
      await closed
      clearTimeout(timer)
    },
  }
}

const listen = (server: Server, target: { path: string } | { host: string; port: number }): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(target, resolve)
  })

// A socket file outlives a killed process; one that answers belongs to a living ingest.
const freePath = async (path: string): Promise<void> => {
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
  if (alive) throw new Error('another ingest answers at the link address')
  await rm(path, { force: true })
}

interface PeerOptions {
  log: Log
  epoch: string
  secret: string
  sessions: () => Sessions
  onReady(): void
  onAuthorised(id: number, answer: PublishAnswer): void
  onClosed(): void
}

const servePeer = (socket: Socket, options: PeerOptions): Peer => {
  const nonce = randomBytes(24).toString('base64url')
  const watched = new Map<string, ReaderHandle>()
  let ready = false
  let closed = false

  const send = (message: ToApi, binary?: Buffer): void => {
    if (closed) return
    const [head, content] = encodeFrame(message, binary)
    socket.cork()
    socket.write(head)
    if (content.length > 0) socket.write(content)
    process.nextTick(() => socket.uncork())
    if (socket.writableLength > socketBytes) close('it reads too slowly')
  }

  const close = (reason: string): void => {
    if (closed) return
    closed = true
    clearTimeout(timer)
    for (const handle of watched.values()) handle.detach()
    watched.clear()
    publications.closeAll()
    socket.destroy()
    options.log.info({}, `link closed: ${reason}`)
    options.onClosed()
  }

  const deliver = (s: string, update: HlsUpdate): void | Promise<void> => {
    const { head, bytes } = splitUpdate(update)
    send({ t: 'update', s, u: head }, bytes)
    if (!socket.writableNeedDrain) return
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done)
        socket.off('close', done)
        resolve()
      }
      socket.on('drain', done)
      socket.on('close', done)
    })
  }

  const watch = (s: string): void => {
    const session = options.sessions().find(s)
    if (session === undefined) {
      send({ t: 'gone', s })
      return
    }
    watched.get(s)?.detach()
    send({ t: 'snapshot', s, runs: [...session.runs], publishing: session.publishing })
    // No await between snapshot and attach: nothing falls in between.
    for (const update of session.window.snapshot()) {
      const { head, bytes } = splitUpdate(update)
      send({ t: 'update', s, u: head }, bytes)
    }
    send({ t: 'ready', s })
    const handle = session.updates.attach({
      name: 'link',
      maxBytes: subscriptionBytes,
      sizeOf: updateBytes,
      deliver: (update) => deliver(s, update),
      onEnd(reason) {
        watched.delete(s)
        options.log.warn({ sessionId: s, reason }, 'a subscription was dropped')
        send({ t: 'dropped', s })
      },
    })
    watched.set(s, handle)
  }

  const keyframe = (id: number, s: string): void => {
    const window = options.sessions().find(s)?.window
    const part = window?.segments
      .flatMap((segment) => segment.parts)
      .findLast((candidate) => candidate.independent)
    const init = part === undefined ? undefined : window?.init(part.init)
    if (part === undefined || init === undefined) send({ t: 'answer', id, found: false })
    else send({ t: 'answer', id, found: true }, Buffer.concat([init, part.bytes]))
  }

  const authenticate = (message: ToIngest): void => {
    if (message.t !== 'auth' || !sameMac(message.mac, linkMac(options.secret, `api ${nonce}`))) {
      close('the secret is wrong')
      return
    }
    clearTimeout(timer)
    ready = true
    const mac = linkMac(options.secret, `ingest ${message.nonce}`)
    send({ t: 'hello', mac, epoch: options.epoch, sessions: options.sessions().states() })
    options.log.info({}, 'link open')
    options.onReady()
    for (const state of options.sessions().states()) {
      const runs = options.sessions().find(state.sessionId)?.runs.slice(-maxRuns) ?? []
      send({ t: 'timeline', s: state.sessionId, runs })
    }
  }

  const publications = createLinkPublications({
    log: options.log,
    accept: (answer, address, handle) => options.sessions().accept(answer, address, handle),
    onCut: (id, reason) => send({ t: 'published', id, cut: reason }),
  })

  const onMessage = (message: ToIngest, binary: Buffer): void => {
    if (!ready) {
      authenticate(message)
      return
    }
    switch (message.t) {
      case 'authorised':
        options.onAuthorised(message.id, message.answer)
        break
      case 'watch':
        watch(message.s)
        break
      case 'unwatch':
        watched.get(message.s)?.detach()
        watched.delete(message.s)
        break
      case 'cut':
        options.sessions().find(message.s)?.cut(message.reason)
        break
      case 'keyframe':
        keyframe(message.id, message.s)
        break
      case 'end': {
        const { id, s } = message
        options
          .sessions()
          .end(s)
          .then(
            (ended) => send({ t: 'answer', id, ended: ended ?? null }),
            (error: unknown) => options.log.error({ sessionId: s, err: String(error) }, 'end failed'),
          )
        break
      }
      case 'publish':
        publications.open(message)
        break
      case 'media':
        publications.media(message, binary)
        break
      case 'size':
        publications.size(message)
        break
      case 'unpublish':
        publications.close(message.id, message.how)
        break
      case 'auth':
    }
  }

  const timer = setTimeout(() => close('it did not say who it is'), authMs)
  const reader = createFrameReader((message, binary) => onMessage(message as ToIngest, binary))
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 5_000)
  socket.on('data', (bytes: Buffer) => {
    if (closed) return
    try {
      reader.push(bytes)
    } catch (error) {
      close(error instanceof Error ? error.message : 'bad frame')
    }
  })
  socket.on('error', (error) => close(error.message))
  socket.on('close', () => close('the other side hung up'))
  send({ t: 'challenge', v: linkVersion, nonce })
  return { send, destroy: () => close('ingest is stopping') }
}
