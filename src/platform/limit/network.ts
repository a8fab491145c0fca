/** Owns which addresses count as one: who has an IPv6 line has more addresses than anybody could count. */
import { isIPv6 } from 'node:net'

export interface Networks {
  /** An IPv4 address, or the /64 of an IPv6 address. */
  readonly own: string
  /** The /24 or /48 around it. */
  readonly around: string
}

export const networksOf = (address: string): Networks => {
  const v4 = /^(?:::ffff:)?(\d+)\.(\d+)\.(\d+)\.(\d+)$/i.exec(address)
  if (v4 !== null) return { own: v4.slice(1).join('.'), around: `${v4.slice(1, 4).join('.')}.0/24` }
  const [plain = ''] = address.split('%')
  if (!isIPv6(plain)) return { own: address, around: address }
  const groups = groupsOf(plain)
  return { own: `${groups.slice(0, 4).join(':')}::/64`, around: `${groups.slice(0, 3).join(':')}::/48` }
}

/** The eight groups, without leading zeros. */
const groupsOf = (address: string): string[] => {
  const [left = '', right] = address.toLowerCase().split('::')
  const head = left === '' ? [] : left.split(':')
  const tail = right === undefined || right === '' ? [] : right.split(':')
  const missing = right === undefined ? 0 : 8 - head.length - tail.length
  return [...head, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...tail].map((group) =>
    group.replace(/^0+(?=.)/, ''),
  )
}
