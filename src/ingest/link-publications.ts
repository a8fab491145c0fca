/**
 * Owns ingest's side of publications over one link: their frames go into a session as those of RTMP do. A bad frame
 * ends its publication alone, never the link; when the link breaks all of them have vanished.
 */
import type { Log } from '../platform/log/log.ts'
import { MediaError } from '../media/codec/packet.ts'
import type { PublicationSink, PublishHandle } from '../media/rtmp/connection.ts'
import type { ToIngest } from './link-protocol.ts'
import type { PublishAnswer } from './types.ts'

export interface LinkPublications {
  open(message: Extract<ToIngest, { t: 'publish' }>): void
  media(message: Extract<ToIngest, { t: 'media' }>, body: Buffer): void
  size(message: Extract<ToIngest, { t: 'size' }>): void
  close(id: number, how: 'clean' | 'vanished'): void
  closeAll(): void
}

interface Deps {
  log: Log
  accept: (
    answer: Extract<PublishAnswer, { ok: true }>,
    address: string,
    handle: PublishHandle,
  ) => PublicationSink | { refused: string }
  onCut: (id: number, reason: string) => void
}

export const createLinkPublications = ({ log, accept, onCut }: Deps): LinkPublications => {
  const sinks = new Map<number, PublicationSink>()

  const close = (id: number, how: 'clean' | 'vanished', reason: string): void => {
    const sink = sinks.get(id)
    if (!sinks.delete(id)) return
    log.info({ publication: id }, `closed: ${reason}`)
    sink?.ended(how, reason)
  }
  const cut = (id: number, reason: string): void => {
    onCut(id, reason)
    close(id, 'vanished', reason)
  }

  return {
    open({ id, address, answer }) {
      const sink = accept(answer, address, { cut: (reason) => cut(id, reason) })
      if ('refused' in sink) onCut(id, sink.refused)
      else sinks.set(id, sink)
    },
    media({ id, kind, ms }, body) {
      try {
        sinks.get(id)?.[kind](ms, body)
      } catch (error) {
        if (!(error instanceof MediaError))
          log.error({ publication: id, err: String(error) }, 'a publication failed unexpectedly')
        cut(id, error instanceof MediaError ? error.message : 'internal error')
      }
    },
    size({ id, width, height }) {
      sinks.get(id)?.metadata({ width, height })
    },
    close: (id, how) => close(id, how, how === 'clean' ? 'unpublished' : 'the publisher is gone'),
    closeAll() {
      for (const id of [...sinks.keys()]) close(id, 'vanished', 'the link broke')
    },
  }
}
