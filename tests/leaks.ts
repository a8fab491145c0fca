/** Owns what no log may hold, as patterns, and the logs of the whole suite: kept until its end and then searched. */
import { randomUUID } from 'node:crypto'
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { env } from 'node:process'
import { createLog } from '../src/platform/log/pino.ts'
import type { OpenLog } from '../src/platform/log/pino.ts'
import { silentLog } from '../src/platform/log/log.ts'

/** Where this run keeps its logs; a test that runs outside of the suite keeps none. */
export const suiteLogs = 'VIREO_SUITE_LOGS'

const patterns: Readonly<Record<string, RegExp>> = {
  'a whole mobile number': /(?<![\w.-])(?:\+?86)?1[3-9]\d{9}(?![\w.-])/,
  'an e-mail address': /[\w.+-]+@(?:[\w-]+\.)*example\.(?:com|net|org)/i,
  'an access token': /eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{20,}/,
  'a refresh token': /\b[0-9a-z]{26}\.\d{1,9}\.[\w-]{43}/,
  'a password hash': /\$argon2/,
  'a code that was sent': /"code":"\d{6}"|验证码 ?\d{6}|\d{6} is your code/,
  'a link to reset a password': /reset-password#token=/,
  'a secret of an authenticator app': /(?<!\w)[A-Z2-7]{32}(?!\w)|otpauth:\/\//,
  'a password of the tests':
    /\b[A-C][a-c][1-3]-[\w-]{12}|long-Enough-7|a-Good-one-9|(?:brand-New|third-Good)-pass-\d/,
  'a stream key': /\/live\/[\w-]{22,}/,
}

/** What a text gives away: the pattern's name and a few characters around it. */
export const leaksIn = (text: string): string[] =>
  Object.entries(patterns).flatMap(([what, pattern]) => {
    const found = pattern.exec(text)
    if (found === null) return []
    return [`${what}: …${text.slice(Math.max(0, found.index - 60), found.index + 12)}…`]
  })

/** A log that the end of the suite looks through, with every line of every level. */
export const openSuiteLog = (): OpenLog => {
  const directory = env[suiteLogs]
  if (directory === undefined) return { ...silentLog, close: () => undefined }
  const path = join(directory, `${process.pid}-${randomUUID()}.log`)
  return createLog({ level: 'debug', stdout: false, file: { path } })
}

/** What a machine wrote and printed. */
export const keepMachineLogs = async (dataDir: string, printed: string): Promise<void> => {
  const directory = env[suiteLogs]
  if (directory === undefined) return
  const logs = join(dataDir, 'logs')
  for (const name of await readdir(logs).catch(() => []))
    await copyFile(join(logs, name), join(directory, `${randomUUID()}.log`))
  // The link of the first set-up is printed for whoever started it: the one secret that belongs on a screen.
  await writeFile(join(directory, `${randomUUID()}.log`), printed.replace(/setup\?token=[\w-]+/g, 'setup'))
}

/**
 * Looks through all that was kept; gives how much that was, what was found, each kind once a file, and what requests
 * ended in `internal`.
 */
export const searchSuiteLogs = async (
  directory: string,
): Promise<{ bytes: number; leaks: string[]; internal: string[] }> => {
  let bytes = 0
  const leaks: string[] = []
  const internal: string[] = []
  for (const name of await readdir(directory)) {
    const text = await readFile(join(directory, name), 'utf8')
    bytes += text.length
    leaks.push(...leaksIn(text))
    internal.push(...text.split('\n').filter((line) => line.includes('"code":"internal"')))
  }
  return { bytes, leaks, internal }
}
