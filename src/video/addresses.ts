/**
 * Owns where a video is played from. Public ones have plain addresses; for what is not public the address itself
 * proves that it was handed out here, for this visibility and not too long ago, since players can not send headers.
 */
import { timingSafeEqual } from 'node:crypto'
import type { Secret, Secrets } from '../config/secrets.ts'
import type { Clock } from '../platform/clock/clock.ts'
import { hmac } from '../platform/hmac/hmac.ts'
import type { Visibility } from './tables.ts'

const hourMs = 3600_000
const lifeHours = 6

export interface Addresses {
  /** Of the master playlist; relative addresses in it keep the proof. */
  hls(publicId: string, visibility: Visibility): string
  /** Of a file that stands beside the playlist. */
  beside(publicId: string, visibility: Visibility, file: string): string
  /** Is `{expires}.{signature}` a proof for this video as it is now? */
  isGrant(grant: string, publicId: string, visibility: Visibility): boolean
}

export const createAddresses = ({ secrets, clock }: { secrets: Secrets; clock: Clock }): Addresses => {
  const key = secrets.keyFor('play')
  return {
    hls(publicId, visibility) {
      return this.beside(publicId, visibility, 'master.m3u8')
    },
    beside(publicId, visibility, file) {
      const plain = `videos/${publicId}/${file}`
      if (visibility === 'public') return `/play/${plain}`
      // Whole hours: the same address for everybody who asks within one, so that caches can hold it.
      const expiresS = (Math.floor(clock.now() / hourMs) + lifeHours + 1) * 3600
      return `/play/s/${expiresS}.${sign(key, expiresS, publicId, visibility)}/${plain}`
    },
    isGrant(grant, publicId, visibility) {
      const match = /^(\d{1,12})\.([\w-]{22})$/.exec(grant)
      if (match === null) return false
      const [, expiresS = '', signature = ''] = match
      if (Number(expiresS) * 1000 <= clock.now()) return false
      const expected = sign(key, Number(expiresS), publicId, visibility)
      return timingSafeEqual(Buffer.from(signature), Buffer.from(expected))
    },
  }
}

/** The visibility is part of it: making an unlisted video private ends the addresses handed out before. */
const sign = (key: Secret, expiresS: number, publicId: string, visibility: Visibility): string =>
  hmac(key.reveal(), `${expiresS}\n${publicId}\n${visibility}`).subarray(0, 16).toString('base64url')
