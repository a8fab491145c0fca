/** Owns under which addresses people reach this machine. */
import { networkInterfaces } from 'node:os'

export interface Addresses {
  /** On this machine. */
  local: string
  /** From the same network, IPv4 first. */
  lan: string[]
  /** What VIREO_PUBLIC_URL says. */
  public: string | undefined
}

export const addressesOf = (host: string, port: number, publicUrl: string | undefined): Addresses => {
  const isAny = host === '0.0.0.0' || host === '::'
  return {
    local: url(isAny ? 'localhost' : host, port),
    lan: isAny ? networkAddresses().map((address) => url(address, port)) : [],
    public: publicUrl,
  }
}

const url = (host: string, port: number): string =>
  `http://${host.includes(':') ? `[${host}]` : host}${port === 80 ? '' : `:${port}`}`

/** IPv4 addresses of this machine that others can reach; containers' bridges come last. */
const networkAddresses = (): string[] =>
  Object.entries(networkInterfaces())
    .sort(([a], [b]) => Number(/^(docker|br-|veth)/.test(a)) - Number(/^(docker|br-|veth)/.test(b)))
    .flatMap(([, list]) => (list ?? []).filter((entry) => entry.family === 'IPv4' && !entry.internal))
    .map((entry) => entry.address)
