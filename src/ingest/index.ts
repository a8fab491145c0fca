/** Owns what the rest of the program may use of ingest: the API side's link and the recording's replay. */
import type { Clock } from '../platform/clock/clock.ts'
import type { Log } from '../platform/log/log.ts'
import type { IngestEvent, IngestLink, PublishAnswer, PublishRequest } from './types.ts'

export type * from './types.ts'

export interface IngestLinkOptions {
  /** A path is a Unix socket; `host:port` is TCP and needs `secret`. */
  address: string
  secret?: string | undefined
  log: Log
  clock: Clock
  /** Answers within 8 s or the publisher is refused. A rejection refuses too. */
  authorise(request: PublishRequest): Promise<PublishAnswer>
  /** Called in order; must not throw. */
  onEvent(event: IngestEvent): void
}

/** Dials ingest and reconnects with bounded back-off for ever, until `close()`. */
export const createIngestLink = (options: IngestLinkOptions): IngestLink => {
  void options
  throw new Error('not built yet')
}
