/** Owns what `npm start` shows once everything runs: addresses, the OBS server, the setup link, a QR code. */
import { renderUnicodeCompact } from 'uqr'
import type { Addresses } from './addresses.ts'

export interface BannerInput {
  siteName: string
  addresses: Addresses
  rtmpPort: number
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
    `  OBS server    ${rtmpUrl(phone ?? addresses.local, input.rtmpPort)}   (the stream key is under "Go live")`,
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

const rtmpUrl = (base: string, port: number): string =>
  `rtmp://${new URL(base).hostname}${port === 1935 ? '' : `:${port}`}/live`

const qrLines = (url: string): string[] =>
  renderUnicodeCompact(url, { border: 1 })
    .split('\n')
    .map((line) => `  ${line}`)
