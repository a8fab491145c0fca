/** Owns one signed request to a provider: bounded in time and size, its failures in one shape. */
import { AppError } from '../errors/app-error.ts'

const timeoutMs = 8_000

/** The provider's JSON. Throws AppError `unavailable`, whose cause says why and never holds the request. */
export const postSigned = async (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<unknown> => {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = (await response.text()).slice(0, 10_000)
    if (!response.ok) throw new Error(`the provider answered ${response.status}`)
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  } catch (error) {
    throw new AppError('unavailable', { cause: error })
  }
}

/** The template for a purpose: `template_login`, else `template`; undefined for a notice without one. */
export const templateFor = (parameters: URLSearchParams, purpose: string): string | undefined =>
  parameters.get(`template_${purpose}`) ??
  (purpose.startsWith('notice') ? undefined : (parameters.get('template') ?? undefined))

/** Where requests go: the provider's own host, or for tests one on this machine. */
export const endpointOf = (url: URL): string => {
  const given = url.searchParams.get('endpoint')
  if (given === null) return `https://${url.host}/`
  if (!/^http:\/\/127\.0\.0\.1:\d+\/$/.test(given))
    throw new Error('An SMS endpoint other than the provider is only for 127.0.0.1')
  return given
}

export const needed = (value: string | null | undefined, name: string): string => {
  if (!value) throw new Error(`VIREO_SMS_URL needs ${name}`)
  return decodeURIComponent(value)
}
