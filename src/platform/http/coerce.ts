/** Owns how texts of a query or a form become the types that a schema asks for. It refuses to guess beyond that. */
import type { z } from 'zod'

interface Definition {
  type: string
  shape?: Record<string, z.ZodType>
  innerType?: z.ZodType
  in?: z.ZodType
  element?: z.ZodType
  values?: unknown[]
  options?: z.ZodType[]
}

const definitionOf = (schema: z.ZodType): Definition => schema._zod.def

/** Turns the texts in `raw` into numbers, booleans and lists where `schema` (an object) asks for them. */
export const coerceTexts = (schema: z.ZodType, raw: unknown): unknown => {
  const object = unwrap(schema)
  const { shape } = definitionOf(object)
  if (shape === undefined || typeof raw !== 'object' || raw === null) return raw
  const result: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(raw)) {
    const field = Object.hasOwn(shape, name) ? shape[name] : undefined
    result[name] = field === undefined ? value : coerceValue(unwrap(field), value)
  }
  return result
}

const coerceValue = (schema: z.ZodType, value: unknown): unknown => {
  const { type, element, values, options } = definitionOf(schema)
  if (type === 'array') {
    const items = Array.isArray(value) ? (value as unknown[]) : [value]
    return element === undefined ? items : items.map((item) => coerceValue(unwrap(element), item))
  }
  if (typeof value !== 'string') return value
  if (type === 'number') return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value
  if (type === 'boolean') return { true: true, false: false, '1': true, '0': false }[value] ?? value
  if (type === 'literal' && typeof values?.[0] === 'number')
    return /^-?\d+$/.test(value) ? Number(value) : value
  if (type === 'union' && options?.every((option) => definitionOf(option).type === 'literal')) {
    return coerceValue(unwrap(options[0] as z.ZodType), value)
  }
  return value
}

/** The schema inside optional, nullable, default and the entry of a pipe. */
const unwrap = (schema: z.ZodType): z.ZodType => {
  const { type, innerType, in: entry } = definitionOf(schema)
  if (type === 'pipe' && entry !== undefined) return unwrap(entry)
  return innerType === undefined ? schema : unwrap(innerType)
}
