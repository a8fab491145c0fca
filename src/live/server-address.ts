/** Owns under which address publishers reach this machine. */
import { isIP } from 'node:net'

/**
 * `rtmps://host:port/live` where there is a certificate, `rtmp://host:port/live` otherwise. The host is the public URL's, or the address at which this very request arrived: what a
 * `Host` header claims is the caller's word and would end up in other people's encoders.
 */
export const rtmpServer = (
  publicUrl: string | undefined,
  localAddress: string | undefined,
  { rtmpPort, rtmpsPort }: { rtmpPort: number; rtmpsPort?: number | undefined },
): string => {
  const host = (publicUrl === undefined ? undefined : URL.parse(publicUrl)?.hostname) ?? plain(localAddress)
  // 443, the usual port of rtmps, is the web's here: ours is always named.
  if (rtmpsPort !== undefined) return `rtmps://${host}:${rtmpsPort}/live`
  return `rtmp://${host}${rtmpPort === 1935 ? '' : `:${rtmpPort}`}/live`
}

const plain = (address: string | undefined): string => {
  const bare = (address ?? '').replace(/^::ffff:(?=\d+\.)/, '')
  if (isIP(bare) === 4) return bare
  return isIP(bare) === 6 ? `[${bare}]` : 'localhost'
}
