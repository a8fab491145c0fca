/** Owns turning the OpenAPI document into a Postman collection (format 2.1). */

interface Operation {
  tags?: string[]
  summary?: string
  security?: Record<string, string[]>[]
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: Schema }[]
  requestBody?: { content?: Record<string, { schema?: Schema }> }
}

interface Schema {
  type?: string
  example?: unknown
  default?: unknown
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, Schema>
  anyOf?: Schema[]
}

export interface OpenApi {
  info: { title: string; version: string; description?: string }
  paths: Record<string, Record<string, Operation>>
}

export const toPostman = ({ info, paths }: OpenApi, base: string): object => {
  const folders = new Map<string, object[]>()
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const folder = operation.tags?.[0] ?? 'other'
      folders.set(folder, [...(folders.get(folder) ?? []), requestOf(path, method, operation)])
    }
  }
  return {
    info: {
      name: info.title,
      description: info.description,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    variable: [
      { key: 'base', value: base },
      { key: 'access_token', value: '' },
    ],
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{access_token}}', type: 'string' }] },
    item: [...folders].map(([name, item]) => ({ name, item })),
  }
}

const requestOf = (path: string, method: string, operation: Operation): object => {
  const segments = path.split('/').filter(Boolean)
  const postmanPath = segments.map((segment) => segment.replace(/^\{(\w+)\}$/, ':$1'))
  const named = (place: string) => (operation.parameters ?? []).filter((parameter) => parameter.in === place)
  const query = named('query').map((parameter) => ({
    key: parameter.name,
    value: textOf(exampleOf(parameter.schema)),
    disabled: parameter.required !== true,
  }))
  return {
    name: operation.summary ?? `${method.toUpperCase()} ${path}`,
    request: {
      method: method.toUpperCase(),
      ...(operation.security === undefined && { auth: { type: 'noauth' } }),
      header: [],
      url: {
        raw: `{{base}}/${postmanPath.join('/')}`,
        host: ['{{base}}'],
        path: postmanPath,
        ...(query.length > 0 && { query }),
        variable: named('path').map((parameter) => ({ key: parameter.name, value: '' })),
      },
      ...bodyOf(operation),
    },
  }
}

const bodyOf = ({ requestBody }: Operation): object => {
  const content = requestBody?.content ?? {}
  if (content['multipart/form-data'])
    return { body: { mode: 'formdata', formdata: [{ key: 'file', type: 'file' }] } }
  const schema = content['application/json']?.schema
  if (schema === undefined) return {}
  return {
    body: {
      mode: 'raw',
      raw: JSON.stringify(exampleOf(schema) ?? {}, null, 2),
      options: { raw: { language: 'json' } },
    },
  }
}

const exampleOf = (schema: Schema | undefined): unknown => {
  if (schema === undefined) return undefined
  if (schema.example !== undefined) return schema.example
  if (schema.default !== undefined) return schema.default
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  if (schema.anyOf) return exampleOf(schema.anyOf[0])
  if (schema.properties) {
    return Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, exampleOf(property)]),
    )
  }
  return { string: '', number: 0, integer: 0, boolean: false, array: [], object: {} }[schema.type ?? 'string']
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
