/** Owns that the files in deploy/ fit the program: they name settings, ports and paths that exist, and their tools accept them. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { uploadPath } from '../contract/video.ts'
import { settings } from '../src/config/settings.ts'
import { makeCertificate } from './certificate.ts'
import { nginxBinary, nginxConfiguration } from './nginx.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vireo-deploy-'))
})
afterAll(() => rm(directory, { recursive: true }))

const read = (name: string): Promise<string> => readFile(join('deploy', name), 'utf8')

it('names only settings that there are, in deploy/ and in the guides', async () => {
  const files = [
    ...(await readdir('deploy')).map((name) => join('deploy', name)),
    ...(await readdir('docs/guides')).map((name) => join('docs/guides', name)),
  ]
  const known = new Set([...Object.keys(settings), 'VIREO_NO_INSTALL', 'VIREO_DATABASE_PASSWORD'])
  for (const file of files) {
    const names = (await readFile(file, 'utf8')).match(/\bVIREO_[A-Z_]+\b/g) ?? []
    expect([file, names.filter((name) => !known.has(name))]).toEqual([file, []])
  }
})

it('opens the ports that the settings have by default, and those only', async () => {
  const { VIREO_HTTP_PORT: http, VIREO_RTMP_PORT: rtmp, VIREO_RTMPS_PORT: rtmps } = settings
  const docker = await read('Dockerfile')
  expect(docker).toContain(`EXPOSE ${http.fallback} ${rtmp.fallback} ${rtmps.fallback}`)
  expect(await read('compose.yaml')).toContain(`'${rtmp.fallback}:${rtmp.fallback}'`)
  for (const name of ['nginx.conf', 'Caddyfile'])
    expect(await read(name)).toContain(`127.0.0.1:${http.fallback}`)
})

it('copies and starts files that there are', async () => {
  const docker = await read('Dockerfile')
  for (const [, path = ''] of docker.matchAll(/COPY --from=build \/app\/(\S+)/g))
    expect([path, existsSync(path) || ['node_modules', 'web/dist'].includes(path)]).toEqual([path, true])
  const unit = await read('vireo.service')
  const [, start = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? []
  expect(start.split(' ').slice(1)).toEqual(['src/main.ts'])
  expect(unit).toContain('User=vireo')
})

it('gives nginx a configuration that it accepts, whose places are routes of ours', async () => {
  const { cert, key } = await makeCertificate(directory)
  const file = join(directory, 'nginx.conf')
  const options = {
    certificate: { cert, key },
    upstreamPort: 8080,
    isSecure: false,
    httpsPort: 8443,
    httpPort: 8081,
  }
  await writeFile(file, await nginxConfiguration(directory, options))
  const tested = spawnSync(nginxBinary(), ['-t', '-c', file, '-e', join(directory, 'error.log')], {
    encoding: 'utf8',
  })
  expect([tested.status, tested.stderr.replace(/nginx: .*(is ok|is successful)\n/g, '')]).toEqual([0, ''])
  expect(await read('nginx.conf')).toContain(`location ${uploadPath} {`)
})

it('gives systemd a unit that it accepts', async () => {
  // The paths of an installation are not here: this Node and this folder stand in for them.
  const unit = (await read('vireo.service'))
    .replaceAll('/opt/vireo/node_modules/.bin/node', process.execPath)
    .replaceAll('/opt/vireo', process.cwd())
  const file = join(directory, 'vireo.service')
  await writeFile(file, unit)
  const lines = unit.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  for (const line of lines) expect(line).toMatch(/^(\[(Unit|Service|Install)\]|[A-Z][A-Za-z]+=.*)$/)
  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
  if (verified.error) return
  expect(verified.stderr.split('\n').filter((line) => line.includes('vireo.service'))).toEqual([])
})
