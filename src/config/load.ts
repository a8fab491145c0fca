/** Owns the way from the environment to one frozen Config. It is the only reader of process.env. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { z } from 'zod'
import { settings } from './settings.ts'
import type { Role, SettingName } from './settings.ts'
import { codeCacheIn } from './code-cache.ts'
import { CertificateError, readCertificate } from '../platform/tls/certificate.ts'

export type Profile = 'production' | 'development' | 'test'
export type DatabaseConfig = { kind: 'sqlite'; file: string } | { kind: 'mysql'; url: string }
export type SharedMemoryConfig = { kind: 'memory' } | { kind: 'redis'; urls: readonly string[] }

export interface TlsConfig {
  readonly cert: string
  readonly key: string
  readonly rtmpsPort: number
}

export interface Config {
  readonly profile: Profile
  readonly host: string
  readonly httpPort: number
  readonly rtmpPort: number
  /** Present: the HTTP port speaks HTTPS and RTMPS is open. */
  readonly tls: TlsConfig | undefined
  readonly dataDir: string
  readonly publicUrl: string | undefined
  readonly roles: readonly Role[]
  /** `host:port` between api and ingest; undefined: a socket in the data directory. */
  readonly ingestLink: string | undefined
  readonly siteName: string
  readonly db: DatabaseConfig
  /** kv and bus share one place. */
  readonly kv: SharedMemoryConfig
  readonly blobDir: string
  readonly recordingsDir: string
  readonly outboxDir: string
  readonly logFile: string
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  readonly mailUrl: string
  readonly smsUrls: readonly string[]
  readonly smsDailyBudget: number
  readonly registrationsPerDay: number
  readonly registration: 'open' | 'invite' | 'closed'
  readonly registrationProof: 'captcha' | 'code'
  readonly registrationIdentity: 'mobile' | 'email' | 'either'
  readonly phoneCountries: readonly string[]
  readonly strictEnumeration: boolean
  readonly staffNeedsTwoStep: boolean
  readonly breachedPasswordsFile: string | undefined
  readonly trustedProxies: readonly string[]
  readonly userQuotaBytes: number
  readonly uploadMaxBytes: number
  readonly diskReserveBytes: number
  readonly recordingQuotaBytes: number
  readonly recordingDays: number
  readonly livePartMs: number
  /** Streams may be passed on to private addresses. */
  readonly privateDestinations: boolean
  /** Limits per address, limits of sending and global caps; limits of attempts always hold. */
  readonly rateLimits: boolean
  readonly captchaAnswer: string | undefined
  readonly givenSecretKey: string | undefined
  /** Names that the environment sets: these beat what an administrator sets at run time. */
  readonly given: ReadonlySet<string>
}

/** All that is wrong with the settings, one sentence each. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`These settings are not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

type Values = { [Name in SettingName]: z.output<(typeof settings)[Name]['schema']> }
type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads, validates and derives. Nothing set is a working configuration.
 * A file `.env` in the working directory fills in what the environment does not say.
 * @throws ConfigError with every mistake at once
 */
export const loadConfig = (environment: Environment = readEnvironment()): Config => {
  const problems: string[] = unknownNames(environment)
  const values = readValues(environment, problems)
  problems.push(...contradictions(values))
  if (problems.length > 0) throw new ConfigError(problems)
  const given = new Set(Object.keys(settings).filter((name) => environment[name]))
  return Object.freeze(derive(values as Values, given))
}

export const readEnvironment = (): Environment => {
  const fromFile = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}
  return { ...fromFile, ...process.env }
}

/** What children of ours get: everything, and where they keep compiled code between starts. */
export const childEnvironment = (dataDir: string): NodeJS.ProcessEnv => ({
  NODE_COMPILE_CACHE: codeCacheIn(dataDir),
  ...process.env,
})

const unknownNames = (environment: Environment): string[] =>
  Object.keys(environment)
    .filter((name) => name.startsWith('VIREO_') && !(name in settings) && name !== 'VIREO_NO_INSTALL')
    .filter((name) => !name.startsWith('VIREO_TEST_'))
    .map((name) => `${name}: there is no such setting`)

const readValues = (environment: Environment, problems: string[]): Partial<Values> => {
  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries(settings)) {
    const given = environment[name]
    const text =
      given === undefined || given === '' ? ('fallback' in setting ? setting.fallback : undefined) : given
    if (text === undefined) continue
    const result = setting.schema.safeParse(text)
    if (result.success) values[name] = result.data
    else problems.push(`${name}: ${result.error.issues[0]?.message ?? 'not valid'}`)
  }
  return values
}

const contradictions = (values: Partial<Values>): string[] => {
  const problems: string[] = []
  const { VIREO_PROFILE: profile, VIREO_SECRET_KEY: key } = values
  problems.push(...splitRoles(values))
  if (values.VIREO_CAPTCHA_ANSWER !== undefined && profile !== 'test') {
    problems.push('VIREO_CAPTCHA_ANSWER: only the test profile may fix the answer of pictures')
  }
  if (values.VIREO_BREACHED_PASSWORDS !== undefined && !existsSync(values.VIREO_BREACHED_PASSWORDS)) {
    problems.push('VIREO_BREACHED_PASSWORDS: there is no such file')
  }
  for (const url of values.VIREO_SMS_URL ?? []) {
    if (!URL.canParse(url)) problems.push('VIREO_SMS_URL: an address in it can not be read')
  }
  if (values.VIREO_RATE_LIMITS === false && profile === 'production') {
    problems.push('VIREO_RATE_LIMITS: production does not run without limits')
  }
  if ((values.VIREO_TLS_CERT === undefined) !== (values.VIREO_TLS_KEY === undefined)) {
    problems.push('VIREO_TLS_CERT, VIREO_TLS_KEY: set both or neither')
  }
  if (key !== undefined && (key.length < 32 || isGuessable(key))) {
    problems.push('VIREO_SECRET_KEY: must have at least 32 characters and not be a well-known value')
  }
  return problems
}

/** What needs a database and is not all of it in one process shares it with others. */
const splitRoles = ({
  VIREO_ROLES: roles = [],
  VIREO_DATABASE_URL: database = '',
  VIREO_REDIS_URL: redis = [],
}: Partial<Values>): string[] => {
  const stateful = ['api', 'worker'].filter((role) => roles.includes(role))
  if (stateful.length !== 1) return []
  const split = `VIREO_ROLES: ${stateful.join()} without ${stateful[0] === 'api' ? 'worker' : 'api'} means several processes`
  return [
    ...(database.startsWith('mysql:')
      ? []
      : [`${split}; SQLite serves one: set VIREO_DATABASE_URL to MariaDB or MySQL`]),
    ...(redis.length > 0 ? [] : [`${split}, which find each other through Redis: set VIREO_REDIS_URL`]),
  ]
}

const isGuessable = (key: string): boolean =>
  new Set(key).size < 8 || /change.?me|secret.?key|password|example|default|0123456789|abcdefgh/i.test(key)

/** What is wrong with the files that the settings name; whoever is about to use them asks. */
export const certificateProblem = ({ tls }: Pick<Config, 'tls'>): string | undefined => {
  if (tls === undefined) return undefined
  try {
    readCertificate(tls)
    return undefined
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error
    return `${error.file === 'cert' ? 'VIREO_TLS_CERT' : 'VIREO_TLS_KEY'}: ${error.message}`
  }
}

const derive = (v: Values, given: ReadonlySet<string>): Config => {
  const dataDir = resolve(v.VIREO_DATA_DIR)
  return {
    profile: v.VIREO_PROFILE,
    host: v.VIREO_HOST,
    httpPort: v.VIREO_HTTP_PORT,
    rtmpPort: v.VIREO_RTMP_PORT,
    tls:
      v.VIREO_TLS_CERT === undefined
        ? undefined
        : {
            cert: resolve(v.VIREO_TLS_CERT),
            key: resolve(v.VIREO_TLS_KEY),
            rtmpsPort: v.VIREO_RTMPS_PORT,
          },
    dataDir,
    publicUrl: v.VIREO_PUBLIC_URL,
    roles: v.VIREO_ROLES as Role[],
    ingestLink: v.VIREO_INGEST_LINK === '' ? undefined : v.VIREO_INGEST_LINK,
    siteName: v.VIREO_SITE_NAME,
    db: v.VIREO_DATABASE_URL.startsWith('mysql:')
      ? { kind: 'mysql', url: v.VIREO_DATABASE_URL }
      : { kind: 'sqlite', file: join(dataDir, 'vireo.db') },
    kv: v.VIREO_REDIS_URL.length > 0 ? { kind: 'redis', urls: v.VIREO_REDIS_URL } : { kind: 'memory' },
    blobDir: join(dataDir, 'media'),
    recordingsDir: join(dataDir, 'recordings'),
    outboxDir: join(dataDir, 'outbox'),
    logFile: join(dataDir, 'logs', 'vireo.log'),
    logLevel: v.VIREO_LOG_LEVEL,
    mailUrl: v.VIREO_MAIL_URL,
    smsUrls: v.VIREO_SMS_URL,
    smsDailyBudget: v.VIREO_SMS_DAILY_BUDGET,
    registrationsPerDay: v.VIREO_REGISTRATIONS_PER_DAY,
    registration: v.VIREO_REGISTRATION,
    registrationProof: v.VIREO_REGISTRATION_PROOF,
    registrationIdentity: v.VIREO_REGISTRATION_IDENTITY,
    phoneCountries: v.VIREO_PHONE_COUNTRIES,
    strictEnumeration: v.VIREO_STRICT_ENUMERATION,
    staffNeedsTwoStep:
      (v.VIREO_STAFF_TWO_STEP ?? (v.VIREO_PROFILE === 'production' ? 'required' : 'optional')) === 'required',
    breachedPasswordsFile: v.VIREO_BREACHED_PASSWORDS,
    trustedProxies: v.VIREO_TRUSTED_PROXIES,
    userQuotaBytes: v.VIREO_USER_QUOTA,
    uploadMaxBytes: v.VIREO_UPLOAD_MAX,
    diskReserveBytes: v.VIREO_DISK_RESERVE,
    recordingQuotaBytes: v.VIREO_RECORDING_QUOTA,
    recordingDays: v.VIREO_RECORDING_DAYS,
    livePartMs: v.VIREO_LIVE_PART_MS,
    privateDestinations: v.VIREO_PRIVATE_DESTINATIONS,
    rateLimits: v.VIREO_RATE_LIMITS ?? v.VIREO_PROFILE !== 'test',
    captchaAnswer: v.VIREO_CAPTCHA_ANSWER,
    givenSecretKey: v.VIREO_SECRET_KEY,
    given,
  }
}
