/**
 * Owns what of a value may stand in a log. It refuses secrets, whole SQL statements, characters that could fake a
 * line or steer a terminal, and anything without end.
 */

const secretNames =
  /authorization|cookie|password|passwd|secret|token|streamkey|mobile|phone|email|imgcode|smscode|emailcode|recoverycode|totp|otpauth|apikey|privatekey|credential|ticket/
/** An engine's error carries the statement with its values. */
const droppedNames = new Set(['sql', 'sqlMessage', 'parameters', 'rawPacket'])

const maxDepth = 6
const maxItems = 50
const maxText = 4000

export const cleanText = (text: string): string =>
  (text.length > maxText ? `${text.slice(0, maxText)}…` : text)
    .replace(
      /([?&][\w.-]*(?:token|key|code|password|secret|mobile|ticket|sig)[\w.-]*=)[^&\s"']+/gi,
      '$1[redacted]',
    )
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, '$1 [redacted]')
    .replace(/(:\/\/[^\s/:@]*:)[^\s/@]+@/g, '$1[redacted]@')
    .replace(/(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)/g, '$1****$2')
    // JSON escapes what is below U+0020; these others steer terminals or hide text.
    .replace(
      /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )

/** A copy of plain data that may be logged. */
export const clean = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return cleanText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
  if (typeof value !== 'object' || value === null) return value
  if (depth >= maxDepth) return '[deep]'
  if (value instanceof Error) return cleanError(value, depth)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[date]' : value.toISOString()
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => clean(item, depth + 1))
  return cleanFields(value, depth)
}

export const cleanFields = (fields: object, depth = 0): Record<string, unknown> => {
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields).slice(0, maxItems)) {
    if (droppedNames.has(name)) continue
    kept[name] = isSecret(name) ? '[redacted]' : clean(value, depth + 1)
  }
  return kept
}

const isSecret = (name: string): boolean => secretNames.test(name.toLowerCase().replace(/[^a-z]/g, ''))

const cleanError = (error: Error, depth: number): Record<string, unknown> => ({
  type: error.name,
  message: cleanText(error.message),
  stack: error.stack === undefined ? undefined : cleanText(error.stack),
  ...cleanFields({ ...error, name: undefined }, depth),
  ...(error.cause === undefined ? {} : { cause: clean(error.cause, depth + 1) }),
})
