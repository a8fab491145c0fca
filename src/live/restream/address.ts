/**
 * Owns where a stream may be passed on to: RTMP(S) servers on the public internet. The name is looked up once, every
 * address it has must be public, and the connection goes to one of these addresses: a name that answers differently
 * a moment later changes nothing.
 */
import { lookup } from 'node:dns/promises'
import { BlockList, connect, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { DestinationProblem } from '../../../contract/restream.ts'

export interface Target {
  secure: boolean
  host: string
  port: number
  app: string
  tcUrl: string
}

/** A destination could not be used; `problem` is for its owner, the message for the log. */
export class DestinationError extends Error {
  readonly problem: DestinationProblem

  constructor(problem: DestinationProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DestinationError'
    this.problem = problem
  }
}

/** What is not public: IANA's special-purpose registries, and multicast. */
const special = new BlockList()
for (const network of [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...[
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.31.196.0/24',
    '192.52.193.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
  ],
  ...['192.175.48.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/3'],
]) {
  const [address = '', prefix = ''] = network.split('/')
  special.addSubnet(address, Number(prefix), 'ipv4')
}
/** Of IPv6 only global unicast is public, without what stands for IPv4 or documentation in it. */
const global6 = new BlockList()
global6.addSubnet('2000::', 3, 'ipv6')
for (const [address, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
] as const)
  special.addSubnet(address, prefix, 'ipv6')

export const isPublicAddress = (address: string): boolean => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return isPublicAddress(mapped)
  if (isIP(address) === 4) return !special.check(address, 'ipv4')
  return isIP(address) === 6 && global6.check(address, 'ipv6') && !special.check(address, 'ipv6')
}

/** undefined for what is no address of an RTMP application. */
export const readTarget = (address: string): Target | undefined => {
  const url = URL.parse(address)
  if (url === null || (url.protocol !== 'rtmp:' && url.protocol !== 'rtmps:')) return undefined
  if (url.username !== '' || url.password !== '' || url.hash !== '' || url.hostname === '') return undefined
  const app = `${url.pathname}${url.search}`.replace(/^\/+|\/+$/g, '')
  if (app === '') return undefined
  const secure = url.protocol === 'rtmps:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? (secure ? 443 : 1935) : Number(url.port)
  return { secure, host, port, app, tcUrl: `${url.protocol}//${url.host}/${app}` }
}

/** The addresses behind a host. Throws DestinationError where one of them is not public. */
export const resolveTarget = async (host: string, allowPrivate: boolean): Promise<string[]> => {
  const found = isIP(host) ? [host] : await lookUp(host)
  if (!allowPrivate && !found.every(isPublicAddress))
    throw new DestinationError('address_refused', 'the address is not on the public internet')
  return found
}

const lookUp = async (host: string): Promise<string[]> => {
  try {
    const all = await lookup(host, { all: true })
    return all.map(({ address }) => address)
  } catch (cause) {
    throw new DestinationError('unreachable', 'the name is not known', { cause })
  }
}

/** A connection to what the name meant when it was checked; over TLS the certificate must be the name's. */
export const openConnection = async (
  target: Target,
  options: { allowPrivate: boolean; signal: AbortSignal; ca?: string | undefined },
): Promise<Socket> => {
  const [address] = await resolveTarget(target.host, options.allowPrivate)
  if (address === undefined) throw new DestinationError('unreachable', 'the name has no address')
  const plain = connect({ host: address, port: target.port, noDelay: true })
  await opened(plain, 'connect', 'unreachable', options.signal)
  if (!target.secure) return plain
  const secure = connectTls({
    socket: plain,
    ...(isIP(target.host) ? {} : { servername: target.host }),
    ...(options.ca !== undefined && { ca: options.ca }),
    rejectUnauthorized: true,
  })
  await opened(secure, 'secureConnect', 'tls_failed', options.signal)
  return secure
}

/** The signal counts only until then: an open connection is ended with a goodbye. */
const opened = (
  socket: Socket,
  event: string,
  problem: DestinationProblem,
  signal: AbortSignal,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      socket.destroy()
      reject(new DestinationError(problem, 'given up'))
    }
    signal.addEventListener('abort', stop, { once: true })
    socket.once(event, () => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
    socket.on('error', (cause) => reject(new DestinationError(problem, cause.message, { cause })))
    socket.once('close', () => reject(new DestinationError(problem, 'closed while connecting')))
  })
