/** Owns the list of settings: name, type, default and one sentence each. The reference page is made from it. */
import { z } from 'zod'

const port = z.coerce
  .number({ error: 'a port from 0 to 65535' })
  .int('a port from 0 to 65535')
  .min(0, 'a port from 0 to 65535')
  .max(65_535, 'a port from 0 to 65535')
const bytes = z
  .string()
  .regex(/^\d+(\.\d+)?\s*([KMGT]i?B?|B)?$/i, 'a size such as 500M or 20G')
  .transform(parseBytes)
const onOff = z.enum(['on', 'off']).transform((v) => v === 'on')
const list = z.string().transform((v) => v.split(',').flatMap((part) => part.trim() || []))

export const roles = ['api', 'ingest', 'worker'] as const
export type Role = (typeof roles)[number]
const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text)

export interface Setting {
  readonly about: string
  readonly schema: z.ZodType
  /** As one would write it; absent means: not set. */
  readonly fallback?: string
}

/** Every setting, in the order of the reference page. */
export const settings = {
  VIREO_PROFILE: {
    about: '`production`, `development` or `test`.',
    schema: z.enum(['production', 'development', 'test']),
    fallback: 'production',
  },
  VIREO_HOST: { about: 'Address to listen on.', schema: z.union([z.ipv4(), z.ipv6()]), fallback: '0.0.0.0' },
  VIREO_HTTP_PORT: { about: 'Port of the web site and the API.', schema: port, fallback: '8080' },
  VIREO_RTMP_PORT: { about: 'Port to which OBS publishes.', schema: port, fallback: '1935' },
  VIREO_RTMPS_PORT: {
    about: 'Port to which OBS publishes over TLS; open when there is a certificate.',
    schema: port,
    fallback: '1936',
  },
  VIREO_TLS_CERT: {
    about:
      'PEM file: certificate and what signed it. With `VIREO_TLS_KEY` the HTTP port speaks HTTPS; a renewed file is taken up without a restart.',
    schema: z.string().min(1),
  },
  VIREO_TLS_KEY: { about: 'PEM file: the private key of the certificate.', schema: z.string().min(1) },
  VIREO_DATA_DIR: {
    about: 'Everything that must be kept: database, media, secrets, logs, outbox.',
    schema: z.string().min(1),
    fallback: './data',
  },
  VIREO_PUBLIC_URL: {
    about: 'Address under which people reach the site; derived from host and port if not set.',
    schema: z.url({ protocol: /^https?$/ }).transform((v) => v.replace(/\/+$/, '')),
  },
  VIREO_SITE_NAME: { about: 'Name of the site.', schema: z.string().min(1).max(40), fallback: 'Vireo' },
  VIREO_DATABASE_URL: {
    about: '`sqlite:` or `mysql://user:password@host:3306/name`.',
    schema: z
      .string()
      .regex(/^(sqlite:|mysql:\/\/.+\/.+)$/, '`sqlite:` or mysql://user:password@host:3306/name'),
    fallback: 'sqlite:',
  },
  VIREO_REDIS_URL: {
    about:
      'Empty (everything in process) or `redis://host:6379`; several addresses, separated by commas, for a cluster.',
    schema: list.pipe(z.array(z.string().regex(/^rediss?:\/\/.+/, 'redis://host:6379'))),
    fallback: '',
  },
  VIREO_STORAGE_URL: {
    about: 'Where files live: `file:` (below the data directory).',
    schema: z.literal('file:', 'only file: is known to this version'),
    fallback: 'file:',
  },
  VIREO_ROLES: {
    about:
      'What this machine does: any of `api,ingest,worker`. Several machines need MariaDB or MySQL, Redis, and one data directory that all of them reach.',
    schema: list.refine(
      (roles) =>
        roles.length > 0 && new Set(roles).size === roles.length && roles.every((role) => isRole(role)),
      'any of api,ingest,worker, each once',
    ),
    fallback: 'api,ingest,worker',
  },
  VIREO_INGEST_LINK: {
    about:
      '`host:port` of the link between `api` and `ingest` on different machines: ingest listens on it, api dials it. Empty: a socket in the data directory. It is guarded by the secret key, not encrypted: keep it on a private network.',
    schema: z.string().regex(/^(?:(?:\[[0-9a-fA-F:.]+\]|[^/:\s]+):\d{1,5})?$/, 'host:port'),
    fallback: '',
  },
  VIREO_MAIL_URL: {
    about: '`outbox:` (a file per message), `smtp://…` or `smtps://…`.',
    schema: z.string().regex(/^(outbox:|smtps?:\/\/.+)$/, 'outbox: or smtp://user:password@host:587'),
    fallback: 'outbox:',
  },
  VIREO_SMS_URL: {
    about:
      '`outbox:` (a file per message), `aliyun://keyId:secret@dysmsapi.aliyuncs.com?sign=…&template=…`, `tencent://keyId:secret@sms.tencentcloudapi.com?app=…&sign=…&template=…` or `webhook+https://:secret@host/path`; several, separated by commas: the next when one fails.',
    schema: list.pipe(
      z
        .array(
          z
            .string()
            .regex(
              /^(outbox:$|(aliyun|tencent|webhook\+https?):\/\/.+)/,
              'outbox:, aliyun://…, tencent://… or webhook+https://…',
            ),
        )
        .min(1, 'at least one address'),
    ),
    fallback: 'outbox:',
  },
  VIREO_SMS_DAILY_BUDGET: {
    about: 'SMS that may be sent in one day, all together.',
    schema: z.coerce.number().int().min(0).max(10_000_000),
    fallback: '2000',
  },
  VIREO_REGISTRATION: {
    about: '`open`, `invite` (an administrator makes invitations) or `closed`.',
    schema: z.enum(['open', 'invite', 'closed']),
    fallback: 'open',
  },
  VIREO_REGISTRATIONS_PER_DAY: {
    about: 'Accounts that may be made in one day, all together.',
    schema: z.coerce.number().int().min(0).max(10_000_000),
    fallback: '5000',
  },
  VIREO_REGISTRATION_PROOF: {
    about: 'What a registration must show: `captcha`, or `code` sent by SMS or e-mail.',
    schema: z.enum(['captcha', 'code']),
    fallback: 'captcha',
  },
  VIREO_REGISTRATION_IDENTITY: {
    about: 'With what one registers: `mobile`, `email` or `either`.',
    schema: z.enum(['mobile', 'email', 'either']),
    fallback: 'mobile',
  },
  VIREO_PHONE_COUNTRIES: {
    about:
      'Countries whose mobile numbers may be used, as `CN,HK,SG`; a number without +code is read as of the first.',
    schema: list.pipe(
      z.array(z.string().regex(/^[A-Z]{2}$/, 'codes such as CN,HK')).min(1, 'at least one country'),
    ),
    fallback: 'CN',
  },
  VIREO_STRICT_ENUMERATION: {
    about: '`1`: check_mobile and codes never tell whether a number is registered.',
    schema: z.enum(['0', '1']).transform((v) => v === '1'),
    fallback: '0',
  },
  VIREO_STAFF_TWO_STEP: {
    about:
      '`required`: administrators and moderators act as such only with two-step verification; `optional`. Required in production if not set.',
    schema: z.enum(['required', 'optional']),
  },
  VIREO_BREACHED_PASSWORDS: {
    about: 'A file of breached passwords in the ordered SHA-1 format of Have I Been Pwned; never read whole.',
    schema: z.string().min(1),
  },
  VIREO_TRUSTED_PROXIES: {
    about: 'Addresses or networks whose forwarded headers count, separated by commas.',
    schema: list.pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))),
    fallback: '',
  },
  VIREO_USER_QUOTA: { about: 'Bytes that one user may store.', schema: bytes, fallback: '50G' },
  VIREO_UPLOAD_MAX: { about: 'Size of the largest upload.', schema: bytes, fallback: '20G' },
  VIREO_DISK_RESERVE: {
    about: 'Below this much free disk, uploads and recordings are refused so that the database lives on.',
    schema: bytes,
    fallback: '1G',
  },
  VIREO_RECORDING_QUOTA: {
    about: 'Bytes of one live session that are recorded.',
    schema: bytes,
    fallback: '30G',
  },
  VIREO_RECORDING_DAYS: {
    about: 'Days after which the recording of a session without a replay is deleted.',
    schema: z.coerce.number().int().min(1).max(3650),
    fallback: '7',
  },
  VIREO_LIVE_PART_MS: {
    about:
      'How long a part of low-latency HLS should be, 200 to 1000 ms. Viewers are about three parts behind; shorter ones cost more requests.',
    schema: z.coerce.number().int().min(200).max(1_000),
    fallback: '500',
  },
  VIREO_PRIVATE_DESTINATIONS: {
    about:
      '`on`: rooms may pass their streams on to servers in private networks and on this machine, and webhooks may call such, also without TLS. Off, only public addresses.',
    schema: onOff,
    fallback: 'off',
  },
  VIREO_LOG_LEVEL: {
    about: 'Least level that is logged.',
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    fallback: 'info',
  },
  VIREO_RATE_LIMITS: {
    about: '`on`. In profile test, limits per address and global caps hold only when it is set to `on`.',
    schema: onOff,
  },
  VIREO_CAPTCHA_ANSWER: {
    about: 'Profile test only: the answer of every picture.',
    schema: z.string().regex(/^[0-9A-Za-z]{1,8}$/),
  },
  VIREO_SECRET_KEY: {
    about: 'At least 32 characters; made at first start if not set.',
    schema: z.string(),
  },
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof settings

function parseBytes(text: string): number {
  const unit = /[KMGT]/i.exec(text)?.[0].toUpperCase()
  const power = unit === undefined ? 0 : 'KMGT'.indexOf(unit) + 1
  return Math.round(Number.parseFloat(text) * 1024 ** power)
}
