/** Owns what ingest is told when it starts: one JSON argument, never the environment. */
import { z } from 'zod'

export const ingestSettings = z.strictObject({
  host: z.string().default('0.0.0.0'),
  /** 0 takes any free port. */
  rtmpPort: z.int().min(0).max(65535),
  /** Present opens an RTMPS listener too; `cert` and `key` are PEM files. */
  rtmps: z.strictObject({ port: z.int().min(0).max(65535), cert: z.string(), key: z.string() }).optional(),
  /** A path is a Unix socket of mode 0600; `host:port` is TCP and needs `linkSecret`. */
  linkAddress: z.string().min(1),
  linkSecret: z.string().optional(),
  /** Unfinished sessions' states are kept in `ingest/` below it. */
  dataDir: z.string().min(1),
  recordingsDir: z.string().min(1),
  recording: z
    .strictObject({
      /** Of one session; the smaller of this and the room's own counts. */
      quotaBytes: z.number().positive().default(Number.MAX_SAFE_INTEGER),
      bundleBytes: z
        .number()
        .positive()
        .default(256 * 1024 * 1024),
    })
    .prefault({}),
  /** How long parts of low-latency HLS should be; whole frames are taken. */
  partMs: z.int().min(100).max(1_000).default(500),
  limits: z
    .strictObject({
      handshakeMs: z.number().positive(),
      preAuthMs: z.number().positive(),
      idleMs: z.number().positive(),
      connections: z.number().positive(),
      connectionsPerAddress: z.number().positive(),
    })
    .partial()
    .prefault({}),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
})

/** What the supervisor writes into the argument. */
export type IngestSettingsInput = z.input<typeof ingestSettings>
export type IngestSettings = z.output<typeof ingestSettings>
