/** Owns a real nginx for tests: the configuration that we hand out, on ports and folders of its own. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CertificateFiles } from '../src/platform/tls/certificate.ts'
import { freePort, until } from './machine.ts'

export interface Nginx extends AsyncDisposable {
  readonly base: string
  /** Whose port sends everybody to `base`. */
  readonly plainBase: string
  log(): Promise<string>
}

interface NginxOptions {
  certificate: CertificateFiles
  upstreamPort: number
  /** Does the upstream speak TLS? */
  isSecure: boolean
}

/** What an operator changes in deploy/nginx.conf, changed; each must be there to be changed. */
const adapt = (text: string, changes: readonly (readonly [from: string, to: string])[]): string =>
  changes.reduce((now, [from, to]) => {
    if (!now.includes(from)) throw new Error(`deploy/nginx.conf has no ${from}`)
    return now.replaceAll(from, to)
  }, text)

export const nginxConfiguration = async (
  directory: string,
  options: NginxOptions & { httpsPort: number; httpPort: number },
): Promise<string> => {
  const { certificate, upstreamPort, isSecure, httpsPort, httpPort } = options
  const site = adapt(await readFile('deploy/nginx.conf', 'utf8'), [
    ['listen [::]:80;', ''],
    ['listen [::]:443 ssl http2;', ''],
    ['listen 80;', `listen 127.0.0.1:${httpPort};`],
    ['listen 443 ssl http2;', `listen 127.0.0.1:${httpsPort} ssl http2;`],
    ['/etc/vireo/tls/cert.pem', certificate.cert],
    ['/etc/vireo/tls/key.pem', certificate.key],
    ['/var/cache/nginx/vireo', join(directory, 'cache')],
    ['127.0.0.1:8080', `127.0.0.1:${upstreamPort}`],
    ['https://$host$request_uri', `https://$host:${httpsPort}$request_uri`],
    ...(isSecure ? ([['set $vireo http://vireo;', 'set $vireo https://vireo;']] as const) : []),
  ])
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(directory, name)};`)
    .join('\n')
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  return `${user}
daemon off;
pid ${join(directory, 'nginx.pid')};
error_log ${join(directory, 'error.log')} warn;
events {}
http {
access_log off;
${temporary}
${site}
}
`
}

/** Debian's stands where only root looks. */
export const nginxBinary = (): string =>
  ['/usr/sbin/nginx', '/usr/local/sbin/nginx'].find((path) => existsSync(path)) ?? 'nginx'

export const startNginx = async (options: NginxOptions): Promise<Nginx> => {
  const directory = await mkdtemp(join(tmpdir(), 'vireo-nginx-'))
  const ports = { httpsPort: await freePort(), httpPort: await freePort() }
  const file = join(directory, 'nginx.conf')
  await writeFile(file, await nginxConfiguration(directory, { ...options, ...ports }))
  const errors = join(directory, 'error.log')
  const tested = spawnSync(nginxBinary(), ['-t', '-c', file, '-e', errors], { encoding: 'utf8' })
  if (tested.status !== 0) throw new Error(`nginx -t: ${tested.error?.message ?? tested.stderr}`)
  const child = spawn(nginxBinary(), ['-c', file, '-e', errors], { stdio: 'ignore' })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const plainBase = `http://localhost:${ports.httpPort}`
  await until('nginx answers', () =>
    fetch(plainBase, { redirect: 'manual' }).then(
      () => true,
      () => false,
    ),
  )
  return {
    base: `https://localhost:${ports.httpsPort}`,
    plainBase,
    log: () => readFile(errors, 'utf8'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exited
      await rm(directory, { recursive: true, force: true })
    },
  }
}
