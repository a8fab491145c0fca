/** Owns sending e-mail, by whatever the address in the settings names. It refuses anything that could add a header. */
import type { Log } from '../log/log.ts'

export interface MailMessage {
  to: string
  text: string
  subject?: string
  /** Why it is sent: `register`, `reset_password`, … */
  purpose: string
  code?: string
}

/** Resolves when it was handed over. Throws AppError `email_invalid`, `unavailable`, `storage_full`. */
export interface Mail extends AsyncDisposable {
  send(message: MailMessage): Promise<void>
}

/** `outbox:`, `smtp://[user:password@]host[:port][?from=…]` or `smtps://…`. */
export const createMail = async (deps: {
  url: string
  from: string
  outbox: Mail
  log: Log
}): Promise<Mail> => {
  const { protocol } = new URL(deps.url)
  if (protocol === 'outbox:') return deps.outbox
  if (protocol === 'smtp:' || protocol === 'smtps:') return (await import('./smtp.ts')).createSmtpMail(deps)
  throw new Error(`Mail can not be sent by ${protocol}`)
}
