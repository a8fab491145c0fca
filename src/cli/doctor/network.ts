/** Owns the look at ports and at the public address: free, ours, or somebody else's. */
import { get } from 'node:http'
import { get as getSecurely } from 'node:https'
import { connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { isAnswered, socketPath } from '../../supervisor/only-one.ts'
import type { Config } from '../../config/load.ts'
import { isThere } from '../backup.ts'
import { fail, ok, reasonOf, warn } from './finding.ts'
import type { Finding } from './finding.ts'

export async function* lookAtNetwork(config: Config): AsyncIterable<Finding> {
  // A socket's folder is made by whoever starts; without a data directory nobody did.
  const isRunning =
    (await isThere(config.dataDir)) && (await isAnswered(socketPath(config.dataDir, 'vireo.sock')))
  const ports = [
    { name: 'HTTP port', port: config.httpPort, setting: 'VIREO_HTTP_PORT' },
    { name: 'RTMP port', port: config.rtmpPort, setting: 'VIREO_RTMP_PORT' },
    ...(config.tls ? [{ name: 'RTMPS port', port: config.tls.rtmpsPort, setting: 'VIREO_RTMPS_PORT' }] : []),
  ]
  for (const { name, port, setting } of ports)
    yield await lookAtPort(config.host, name, port, setting, isRunning)
  if (isRunning) yield await lookAtReadiness(config)
  yield await lookAtPublicUrl(config, isRunning)
}

const lookAtPort = async (
  host: string,
  name: string,
  port: number,
  setting: string,
  isRunning: boolean,
): Promise<Finding> => {
  if (port === 0) return ok(name, 'any free one')
  const failure = await tryListening(host, port)
  if (isRunning) {
    return failure === 'EADDRINUSE' && (await answers(host, port))
      ? ok(name, `${port}, ours`)
      : fail(
          name,
          `${port} does not answer, though Vireo runs`,
          `look into logs/vireo.log, or was ${setting} changed without a restart?`,
        )
  }
  if (failure === undefined) return ok(name, `${port}, free`)
  return failure === 'EACCES'
    ? fail(
        name,
        `${port} is not allowed to this user`,
        `ports below 1024 are root's: set ${setting}, with a proxy before it`,
      )
    : fail(
        name,
        `${port} is taken by another program (${failure})`,
        `end that one (ss -ltnp), or set ${setting}`,
      )
}

const tryListening = (host: string, port: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })

const answers = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: localOf(host), port, timeout: 3_000 })
    const end = (isThere: boolean) => (): void => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false))
  })

const localOf = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host)

const lookAtReadiness = async (config: Config): Promise<Finding> => {
  const answer = await askOurselves(config, '/readyz')
  if ('failure' in answer) return fail('readiness', answer.failure, 'look into logs/vireo.log')
  return answer.status === 200
    ? ok('readiness', 'ready')
    : fail('readiness', answer.text, 'look into logs/vireo.log')
}

/** The same instance answers both with the same words about itself. */
const lookAtPublicUrl = async (config: Config, isRunning: boolean): Promise<Finding> => {
  const name = 'public address'
  const { publicUrl } = config
  if (publicUrl === undefined)
    return ok(name, 'VIREO_PUBLIC_URL is not set: links carry the address that is asked')
  const answer = await ask(`${publicUrl}/api/v1/site`)
  const look =
    'look at DNS, the proxy and the certificate; a machine may not reach its own public address: try from outside'
  if ('failure' in answer) return warn(name, `${publicUrl} does not answer: ${answer.failure}`, look)
  if (!isRunning)
    return warn(
      name,
      `${publicUrl} answers, though Vireo does not run here`,
      'it leads to another machine, or start Vireo',
    )
  const own = await askOurselves(config, '/api/v1/site')
  if ('failure' in own) return fail(name, `we do not answer: ${own.failure}`, 'look into logs/vireo.log')
  return answer.status === 200 && own.text === answer.text
    ? ok(name, `${publicUrl} leads here`)
    : fail(
        name,
        `${publicUrl} leads somewhere else (${answer.status})`,
        'look at what VIREO_PUBLIC_URL and the proxy point to',
      )
}

type Answer = { status: number; text: string } | { failure: string }
const patienceMs = 5_000

/** On the way to ourselves no certificate is needed, and one for the public name would not fit. */
const askOurselves = ({ host, httpPort: port, tls }: Config, path: string): Promise<Answer> =>
  new Promise((resolve) => {
    const to = { host: localOf(host), port, path, timeout: patienceMs, agent: false as const }
    const request = tls ? getSecurely({ ...to, rejectUnauthorized: false }) : get(to)
    const onFailed = (error: unknown): void => resolve({ failure: reasonOf(error) })
    request.on('timeout', () => request.destroy(new Error('no answer in time'))).on('error', onFailed)
    request.on('response', (response) => {
      text(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, text: body.slice(0, 2_000) }),
        onFailed,
      )
    })
  })

const ask = async (url: string): Promise<Answer> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(patienceMs) })
    return { status: response.status, text: (await response.text()).slice(0, 2_000) }
  } catch (error) {
    return { failure: reasonOf(error) }
  }
}
