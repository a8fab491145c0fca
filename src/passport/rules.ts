/** Owns the pure rules of the passport: numbers, addresses, masks, names of devices. */
import { createRequire } from 'node:module'
import type { CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/mobile'

const mobilePattern = /^(?:\+?86[ -]?)?(1[3-9][0-9]{9})$/

/**
 * A Chinese mobile number as E.164 (`+8613800138000`), or undefined. Only ASCII digits count: fullwidth digits, line
 * breaks and anything around the number are refused, never repaired.
 */
export const parseMobile = (text: string): string | undefined => {
  const national = mobilePattern.exec(text.replace(/^ +| +$/g, ''))?.[1]
  return national === undefined ? undefined : `+86${national}`
}

export type ParseMobile = (text: string) => string | undefined

/** For the site's countries. China is read by the rule above; the tables of all others are loaded when one is allowed. */
export const createParseMobile = (countries: readonly string[]): ParseMobile => {
  const [first] = countries
  const others = countries.filter((country) => country !== 'CN')
  if (others.length === 0) return parseMobile
  const library = createRequire(import.meta.url)('libphonenumber-js/mobile') as {
    parsePhoneNumberFromString: typeof parsePhoneNumberFromString
  }
  return (text) => {
    const chinese = countries.includes('CN') ? parseMobile(text) : undefined
    const trimmed = text.replace(/^ +| +$/g, '')
    if (chinese !== undefined && (first === 'CN' || trimmed.startsWith('+'))) return chinese
    if (!/^\+?[0-9][0-9 ()-]{3,24}$/.test(trimmed)) return undefined
    const number = library.parsePhoneNumberFromString(trimmed, first as CountryCode)
    if (!number?.isValid() || !others.includes(number.country ?? '')) return undefined
    return number.number
  }
}

/** `13800138000` of `+8613800138000`; other countries keep their code. */
export const nationalNumber = (mobile: string): string => mobile.replace(/^\+86/, '')

/** `138****8000` of `+8613800138000`; `+1415****67` of others. */
export const maskMobile = (mobile: string): string =>
  mobile.startsWith('+86')
    ? nationalNumber(mobile).replace(/^(\d{3})\d+(\d{4})$/, '$1****$2')
    : mobile.replace(/^(\+\d{4})\d+(\d{2})$/, '$1****$2')

const emailPattern =
  /^[^\s@<>,;:"()[\]\\\p{C}]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}$/iu

/** One plain address as it was typed, normalised once; undefined for anything else. */
export const parseEmail = (text: string): string | undefined => {
  const email = text.normalize('NFKC').replace(/^ +| +$/g, '')
  return email.length <= 254 && emailPattern.test(email) ? email : undefined
}

/** Under this an address is unique: letters' case makes no second account. */
export const emailKey = (email: string): string => email.toLowerCase()

/** `s****y@example.com`. */
export const maskEmail = (email: string): string =>
  email.replace(/^(.)[^@]*?(.?)@/, (_, first: string, last: string) => `${first}****${last}@`)

const browsers: readonly (readonly [RegExp, string])[] = [
  [/MicroMessenger/, '微信'],
  [/Edg(e|A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\/|FxiOS/, 'Firefox'],
  [/Chrom(e|ium)\/|CriOS/, 'Chrome'],
  [/Safari\//, 'Safari'],
  [/^curl\//, 'curl'],
]
const systems: readonly (readonly [RegExp, string])[] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
]

/** `Chrome · Windows` of a User-Agent; its first word where it is not known. */
export const deviceInWords = (agent: string): string => {
  const known = [browsers, systems].flatMap(
    (list) => list.find(([pattern]) => pattern.test(agent))?.[1] ?? [],
  )
  return known.length > 0 ? known.join(' · ') : (/^[\w.-]{1,40}/.exec(agent)?.[0] ?? '')
}

const places: readonly (readonly [RegExp, 'this_machine' | 'local_network'])[] = [
  [/^(?:::ffff:)?127\.|^::1$/i, 'this_machine'],
  [
    /^(?:::ffff:)?(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.)|^f[cd]|^fe[89ab]/i,
    'local_network',
  ],
]

/** Where an address is; null on the open net, of which we keep no map. */
export const placeOf = (address: string): 'this_machine' | 'local_network' | null =>
  places.find(([pattern]) => pattern.test(address))?.[1] ?? null
