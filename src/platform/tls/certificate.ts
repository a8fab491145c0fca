/** Owns the certificate of this machine: two PEM files, checked in words, and read again when they change. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Log } from '../log/log.ts'

export interface CertificateFiles {
  /** PEM: the server's own certificate first, then those that signed it. */
  readonly cert: string
  readonly key: string
}

export interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
  readonly expiresMs: number
}

/** One of the two files can not be used; the message says why, to an operator. */
export class CertificateError extends Error {
  readonly file: keyof CertificateFiles

  constructor(file: keyof CertificateFiles, message: string) {
    super(message)
    this.name = 'CertificateError'
    this.file = file
  }
}

/** @throws CertificateError */
export const readCertificate = (files: CertificateFiles): Certificate => {
  const [cert, key] = [read('cert', files.cert), read('key', files.key)]
  const parsed = parseCertificate(files.cert, cert)
  if (!parsed.checkPrivateKey(parseKey(files.key, key)))
    throw new CertificateError('key', `${files.key} is not the key of the certificate ${files.cert}`)
  try {
    createSecureContext({ cert, key })
  } catch (error) {
    throw new CertificateError('cert', `${files.cert} is refused by TLS: ${(error as Error).message}`)
  }
  return { cert, key, expiresMs: Date.parse(parsed.validTo) }
}

const read = (file: keyof CertificateFiles, path: string): Buffer => {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CertificateError(file, `${path} can't be read (${code}); this user must be able to`)
  }
}

const parseCertificate = (path: string, pem: Buffer): X509Certificate => {
  try {
    return new X509Certificate(pem)
  } catch {
    throw new CertificateError('cert', `${path} holds no certificate in PEM`)
  }
}

const parseKey = (path: string, pem: Buffer): KeyObject => {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new CertificateError('key', `${path} holds no private key in PEM without a passphrase`)
  }
}

export interface WatchOptions {
  files: CertificateFiles
  /** What is in use now; only another one is news. */
  current: Certificate
  log: Log
  onChange: (certificate: Certificate) => void
  everyMs?: number
}

/**
 * Reads both files again every few seconds: they are small, and a link that is swapped, as certbot does it, or a
 * network file system tells no watcher. Files that do not fit together are a renewal half-way: the old certificate
 * stays. Call the result to stop.
 */
export const watchCertificate = ({
  files,
  current,
  log,
  onChange,
  everyMs = 5_000,
}: WatchOptions): (() => void) => {
  let known = digest(current)
  let complaint = ''
  const look = (): void => {
    try {
      const found = readCertificate(files)
      complaint = ''
      if (digest(found) === known) return
      known = digest(found)
      onChange(found)
      log.info({ expires: new Date(found.expiresMs).toISOString() }, 'a new certificate is in use')
    } catch (error) {
      const words = (error as Error).message
      if (words !== complaint) log.warn({}, `the certificate in use stays: ${words}`)
      complaint = words
    }
  }
  const timer = setInterval(look, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}

const digest = ({ cert, key }: Certificate): string =>
  createHash('sha256').update(cert).update('\0').update(key).digest('base64')
