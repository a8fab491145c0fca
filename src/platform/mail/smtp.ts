/** Owns sending e-mail over SMTP. It refuses passwords over an open line to another machine. */
import { createTransport } from 'nodemailer'
import { AppError } from '../errors/app-error.ts'
import type { Log } from '../log/log.ts'
import type { Mail } from './mail.ts'

/** One plain address; no list, no display name, nothing that SMTP or a header would read otherwise. */
const address = /^[^\s@<>,;:"()[\]\\\p{Cc}]{1,64}@[^\s@<>,;:"()[\]\\\p{Cc}]{1,253}$/u
const control = /\p{Cc}/u

export const createSmtpMail = (deps: { url: string; from: string; log: Log }): Mail => {
  const { protocol, hostname, port, username, password, searchParams } = new URL(deps.url)
  const from = searchParams.get('from') ?? deps.from
  if (!address.test(from)) throw new Error('The sender of mails is not an address')
  const host = hostname.replace(/^\[|\]$/g, '')
  const secure = protocol === 'smtps:'
  const near = ['localhost', '127.0.0.1', '::1'].includes(host)
  const transport = createTransport({
    pool: true,
    maxConnections: 2,
    host,
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !secure && username !== '' && !near,
    // A server on this machine usually has no certificate that fits.
    tls: { rejectUnauthorized: !near },
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(username === ''
      ? {}
      : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
  })
  return {
    async send({ to, text, subject = 'Vireo', purpose }) {
      if (!address.test(to)) throw new AppError('email_invalid')
      if (control.test(subject)) throw new Error('A subject is one line')
      try {
        await transport.sendMail({ from, to: { name: '', address: to }, subject, text })
      } catch (error) {
        deps.log.warn({ err: error, purpose }, 'a mail could not be sent')
        throw new AppError('unavailable', { cause: error })
      }
    },
    async [Symbol.asyncDispose]() {
      transport.close()
    },
  }
}
