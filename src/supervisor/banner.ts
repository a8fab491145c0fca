/** Owns what `npm start` shows once everything runs: addresses, the OBS server, the setup link, a QR code. */
import { renderUnicodeCompact } from 'uqr'
import type { Addresses } from './addresses.ts'

export interface BannerInput {
  siteName: string
  addresses: Addresses
  rtmpPort: number
  /** While there is a certificate. */
  rtmpsPort: number | undefined
  /** While no administrator exists. */
  setupToken: string | undefined
  missing: readonly string[]
  isTerminal: boolean
}

export const banner = (input: BannerInput): string => {
  const { addresses, setupToken } = input
  const phone = addresses.public ?? addresses.lan[0]
  const setupBase = addresses.public ?? addresses.local
  const lines = [
    '',
    `  ${input.siteName} is ready.`,
    '',
    `  Open          ${addresses.local}`,
    ...addresses.lan.map((url) => `  On a phone    ${url}`),
    ...(addresses.public ? [`  Public        ${addresses.public}`] : []),
    ...obsServers(phone ?? addresses.local, input),
    ...(setupToken
      ? [
          '',
          `  Make the first administrator (this link works once):`,
          `  ${setupBase}/setup?token=${setupToken}`,
        ]
      : []),
    ...input.missing.map((what) => `  ! ${what}`),
    '',
  ]
  if (input.isTerminal && phone !== undefined) lines.push(...qrLines(phone), '')
  return lines.join('\n')
}

const obsServers = (base: string, { rtmpPort, rtmpsPort }: BannerInput): string[] => {
  const { hostname } = new URL(base)
  const plain = `rtmp://${hostname}${rtmpPort === 1935 ? '' : `:${rtmpPort}`}/live`
  const urls = rtmpsPort === undefined ? [plain] : [`rtmps://${hostname}:${rtmpsPort}/live`, plain]
  const hint = '   (the stream key is under "Go live")'
  return urls.map((url, n) => (n === 0 ? `  OBS server    ${url}${hint}` : `  or, in clear  ${url}`))
}

const qrLines = (url: string): string[] =>
  renderUnicodeCompact(url, { border: 1 })
    .split('\n')
    .map((line) => `  ${line}`)
