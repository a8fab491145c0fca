/** Owns certificates for tests: made by openssl, signed by themselves, for this machine's own names. */
import { execFile } from 'node:child_process'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface MadeCertificate {
  cert: string
  key: string
  /** What a client must trust. */
  ca: Buffer
}

/** Writes `cert.pem` and `key.pem` into `directory`, in place of earlier ones as a renewal does. */
export const makeCertificate = async (
  directory: string,
  { days = 30, name = 'localhost' } = {},
): Promise<MadeCertificate> => {
  const files = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') }
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', String(days), '-subj', `/CN=${name}`],
    ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', `${files.key}.new`, '-out', `${files.cert}.new`],
  ])
  await rename(`${files.key}.new`, files.key)
  await rename(`${files.cert}.new`, files.cert)
  return { ...files, ca: await readFile(files.cert) }
}
