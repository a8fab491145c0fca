/** Owns under which address publishers reach this machine. */
import { isIP } from 'node:net'

/**
 * `rtmp://host:port/live`. The host is the public URL's, or the address at which this very request arrived: what a
 * `Host` header claims is the caller's word and would end up in other people's encoders.
 */
export const rtmpServer = (
  publicUrl: string | undefined,
  localAddress: string | undefined,
  rtmpPort: number,
): string => {
  const host = (publicUrl === undefined ? undefined : URL.parse(publicUrl)?.hostname) ?? plain(localAddress)
  return `rtmp://${host}${rtmpPort === 1935 ? '' : `:${rtmpPort}`}/live`
}

const plain = (address: string | undefined): string => {
  const bare = (address ?? '').replace(/^::ffff:(?=\d+\.)/, '')
  if (isIP(bare) === 4) return bare
  return isIP(bare) === 6 ? `[${bare}]` : 'localhost'
}
