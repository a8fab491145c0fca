/** Owns sending short messages, by whatever the address in the settings names. */

export interface SmsMessage {
  /** A canonical number. */
  to: string
  text: string
  /** Why it is sent: `register`, `login`, `reset_password`, … Providers choose their template by it. */
  purpose: string
  code?: string
}

/** Resolves when it was handed over. Throws AppError `unavailable`, `storage_full`. */
export interface Sms extends AsyncDisposable {
  send(message: SmsMessage): Promise<void>
}

/** `outbox:`; the outbox is mail's, given in. */
export const createSms = (deps: { url: string; outbox: Sms }): Sms => {
  const { protocol } = new URL(deps.url)
  if (protocol === 'outbox:') return deps.outbox
  throw new Error(`SMS can not be sent by ${protocol}`)
}
