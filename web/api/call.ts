/** Owns the one way in which the web asks the server: typed from the contract, unwrapped, refreshed once on 401. */
import type { DataOf, Endpoint, InputOf } from '../../contract/endpoint.ts'
import type { ErrorCode, ErrorDetail } from '../../contract/errors.ts'

/** What can go wrong: the server's codes, `network` without an answer, `unknown` for an answer of another shape. */
export type CallErrorCode = ErrorCode | 'network' | 'unknown'

export class ApiError extends Error {
  readonly error: CallErrorCode
  readonly status: number
  readonly details: readonly ErrorDetail[]
  readonly retryAfterS: number | undefined

  constructor(
    error: CallErrorCode,
    status: number,
    message: string,
    more: { details?: readonly ErrorDetail[]; retryAfterS?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause })
    this.name = 'ApiError'
    this.error = error
    this.status = status
    this.details = more.details ?? []
    this.retryAfterS = more.retryAfterS
  }
}

export interface CallerOptions {
  /** Before every path; empty in the browser. */
  base: string
  language: () => string
  token: () => string | undefined
  /** Waits for the first refresh after a load, so that `optional` endpoints know who asks. */
  ready?: () => Promise<void>
  /** Gets a new access token; false when the session is over. */
  refresh?: () => Promise<boolean>
  /** What is said when no answer came. */
  networkText?: () => string
}

export type Input<E> = InputOf<E> & { file?: Blob }
export type Call = <E extends Endpoint>(
  endpoint: E,
  input: Input<E>,
  options?: { signal?: AbortSignal | undefined },
) => Promise<DataOf<E>>

interface Parts {
  params?: Record<string, unknown>
  query?: Record<string, unknown>
  body?: unknown
  file?: Blob
}

/** `/videos/{id}` with `{id: 'a b'}` becomes `/videos/a%20b`; undefined query values are left out. */
export const pathOf = (path: string, { params = {}, query = {} }: Parts): string => {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(text(params[name])))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) search.set(name, text(value))
  }
  return search.size > 0 ? `${filled}?${search}` : filled
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const bodyOf = (endpoint: Endpoint, input: Parts): { body?: BodyInit; type?: string } => {
  if (endpoint.multipart) {
    const form = new FormData()
    if (input.file) form.set('file', input.file)
    return { body: form }
  }
  if (input.body === undefined) return {}
  return { body: JSON.stringify(input.body), type: 'application/json' }
}

const parse = async (response: Response): Promise<Record<string, unknown>> => {
  try {
    const json: unknown = await response.json()
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

const failureOf = (response: Response, json: Record<string, unknown>): ApiError => {
  const retryAfter = Number(response.headers.get('Retry-After') ?? Number.NaN)
  return new ApiError(
    typeof json['error'] === 'string' ? (json['error'] as ErrorCode) : 'unknown',
    response.status,
    typeof json['msg'] === 'string' ? json['msg'] : `HTTP ${response.status}`,
    {
      details: Array.isArray(json['details']) ? (json['details'] as ErrorDetail[]) : [],
      ...(Number.isFinite(retryAfter) ? { retryAfterS: retryAfter } : {}),
    },
  )
}

/** Makes `call`; tests make one against a server of their own. */
export const createCall = (options: CallerOptions): Call => {
  const send = async (endpoint: Endpoint, input: Parts, signal?: AbortSignal): Promise<Response> => {
    const { body, type } = bodyOf(endpoint, input)
    const token = options.token()
    const headers: Record<string, string> = {
      'X-Vireo-Client': 'web',
      'Accept-Language': options.language(),
      ...(type ? { 'Content-Type': type } : {}),
      ...(token && endpoint.access !== 'none' ? { Authorization: `Bearer ${token}` } : {}),
    }
    try {
      return await fetch(options.base + pathOf(endpoint.path, input), {
        method: endpoint.method,
        headers,
        credentials: 'same-origin',
        ...(body === undefined ? {} : { body }),
        ...(signal ? { signal } : {}),
      })
    } catch (cause) {
      if (signal?.aborted) throw cause
      throw new ApiError('network', 0, options.networkText?.() ?? 'No connection', { cause })
    }
  }

  return async (endpoint, input, { signal } = {}) => {
    const known = endpoint.access !== 'none'
    if (known) await options.ready?.()
    const token = options.token()
    let response = await send(endpoint, input as Parts, signal)
    if (response.status === 401 && known && token && options.refresh && (await options.refresh())) {
      response = await send(endpoint, input as Parts, signal)
    }
    const json = await parse(response)
    if (!response.ok) throw failureOf(response, json)
    return json['data'] as DataOf<typeof endpoint>
  }
}
