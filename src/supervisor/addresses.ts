/** Owns under which addresses people reach this machine. */
import { networkInterfaces } from 'node:os'
import type { Config } from '../config/load.ts'

export interface Addresses {
  /** On this machine. */
  local: string
  /** From the same network, IPv4 first. */
  lan: string[]
  /** What VIREO_PUBLIC_URL says. */
  public: string | undefined
}

export const addressesOf = (
  { host, publicUrl, tls }: Pick<Config, 'host' | 'publicUrl' | 'tls'>,
  port: number,
): Addresses => {
  const scheme = tls === undefined ? 'http' : 'https'
  const isAny = host === '0.0.0.0' || host === '::'
  return {
    local: url(scheme, isAny ? 'localhost' : host, port),
    lan: isAny ? networkAddresses().map((address) => url(scheme, address, port)) : [],
    public: publicUrl,
  }
}

const url = (scheme: 'http' | 'https', host: string, port: number): string => {
  const isUsual = port === (scheme === 'http' ? 80 : 443)
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}${isUsual ? '' : `:${port}`}`
}

/** IPv4 addresses of this machine that others can reach; containers' bridges come last. */
const networkAddresses = (): string[] =>
  Object.entries(networkInterfaces())
    .sort(([a], [b]) => Number(/^(docker|br-|veth)/.test(a)) - Number(/^(docker|br-|veth)/.test(b)))
    .flatMap(([, list]) => (list ?? []).filter((entry) => entry.family === 'IPv4' && !entry.internal))
    .map((entry) => entry.address)
