/** Owns the pure rules of the passport: numbers, passwords, masks. */

const mobilePattern = /^(?:\+?86[ -]?)?(1[3-9][0-9]{9})$/

/**
 * A Chinese mobile number as E.164 (`+8613800138000`), or undefined. Only ASCII digits count: fullwidth digits, line
 * breaks and anything around the number are refused, never repaired.
 */
export const parseMobile = (text: string): string | undefined => {
  const national = mobilePattern.exec(text.replace(/^ +| +$/g, ''))?.[1]
  return national === undefined ? undefined : `+86${national}`
}

/** `13800138000` of `+8613800138000`. */
export const nationalNumber = (mobile: string): string => mobile.replace(/^\+86/, '')

/** `138****8000` of `+8613800138000`. */
export const maskMobile = (mobile: string): string =>
  nationalNumber(mobile).replace(/^(\d{3})\d+(\d{4})$/, '$1****$2')

const commonPasswords = new Set(
  `password password1 password12 password123 passw0rd p@ssw0rd p@ssword 12345678 123456789 1234567890 87654321
  987654321 0987654321 11111111 00000000 88888888 66666666 12341234 123123123 11223344 1q2w3e4r 1q2w3e4r5t
  1qaz2wsx qazwsxedc qwertyui qwertyuiop qwerty123 asdfghjk asdfghjkl zxcvbnm1 abcd1234 abc12345 abc123456
  a1234567 a12345678 a123456789 aa123456 aa12345678 iloveyou iloveyou1 woaini520 woaini1314 5201314520 sunshine
  princess football baseball superman trustno1 letmein1 welcome1 admin123 admin1234 administrator zaq12wsx
  dragon123 monkey123 changeme computer internet`.split(/\s+/),
)

/** Length 8 to 128 characters, not among the common ones, without the number or a name of at least 4 letters. */
export const isPasswordStrong = (password: string, personal: readonly (string | undefined)[]): boolean => {
  const length = [...password].length
  if (length < 8 || length > 128) return false
  const lower = password.toLowerCase()
  if (commonPasswords.has(lower) || new Set(lower).size < 3) return false
  return !personal.some(
    (word) => word !== undefined && word.length >= 4 && lower.includes(word.toLowerCase()),
  )
}
