/** Owns how requests are fired at a server, and the turns that two servers take so that both meet the same noise. */
import autocannon from 'autocannon'
import { median } from './report.ts'

export interface Request {
  path: string
  method?: 'GET' | 'POST'
  body?: string
  headers?: Readonly<Record<string, string>>
}

export interface Fire {
  url: string
  /** One after the other, over and over; or a new one each time where none may come twice. */
  requests: readonly Request[] | (() => Request)
}

const connections = 16

/** Answers per second. Throws where an answer is not what was expected. */
export const rate = async (
  { url, requests }: Fire,
  seconds: number,
  expected: readonly number[],
): Promise<number> => {
  let n = 0
  const next =
    typeof requests === 'function'
      ? requests
      : (): Request => requests[n++ % requests.length] ?? { path: '/' }
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    // One list for all connections: in step they would ask for the same page at the same moment.
    requests: [
      {
        setupRequest: (given) => {
          const { path, method = 'GET', body, headers = {} } = next()
          const type = body === undefined ? {} : { 'content-type': 'application/json' }
          return { ...given, path, method, headers: { ...given.headers, ...type, ...headers }, body }
        },
      },
    ],
  })
  const wrong = Object.entries(result.statusCodeStats ?? {}).filter(
    ([code]) => !expected.includes(Number(code)),
  )
  if (result.errors > 0 || wrong.length > 0)
    throw new Error(`${url}${next().path}: ${result.errors} errors, ${JSON.stringify(wrong)}`)
  return result.requests.average
}

/** The medians of both over `rounds` turns, each server warmed first. */
export const inTurns = async (
  ours: Fire,
  peer: Fire,
  options: { rounds?: number; seconds?: number; expected?: readonly number[] } = {},
): Promise<{ ours: number; peer: number; ratio: number }> => {
  const { rounds = 5, seconds = 2, expected = [200] } = options
  const taken = { ours: [] as number[], peer: [] as number[] }
  await rate(ours, 1, expected)
  await rate(peer, 1, expected)
  for (let round = 0; round < rounds; round++) {
    taken.peer.push(await rate(peer, seconds, expected))
    taken.ours.push(await rate(ours, seconds, expected))
  }
  const ratios = taken.ours.map((value, round) => value / (taken.peer[round] ?? NaN))
  return { ours: median(taken.ours), peer: median(taken.peer), ratio: median(ratios) }
}
