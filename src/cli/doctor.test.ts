import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { enginePairs } from '../../tests/app.ts'
import { makeCertificate } from '../../tests/certificate.ts'
import { settingsOf, vireo } from '../../tests/cli.ts'
import { freePort, startMachine } from '../../tests/machine.ts'
import { systemClock } from '../platform/clock/clock.ts'
import { openDatabase } from '../platform/db/db.ts'
import { silentLog } from '../platform/log/log.ts'
import { isAtLeast } from './doctor/finding.ts'
import { countChecks } from './doctor/store.ts'

interface Finding {
  name: string
  state: string
  about: string
  mend?: string
}

const ask = async (environment: Record<string, string>, ...args: string[]) => {
  const { code, out, err } = await vireo(['doctor', '--json', ...args], { environment })
  const { ok, checks } = JSON.parse(out) as { ok: boolean; checks: Finding[] }
  expect([ok, code]).toEqual(code === 0 ? [true, 0] : [false, 1])
  for (const check of checks) if (check.state !== 'ok') expect(check.mend).toMatch(/\w{3}/)
  const of = (name: string): Finding[] => checks.filter((check) => check.name === name)
  return { code, err, checks, of }
}

const withDirectory = async (test: (directory: string) => Promise<void>): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'vireo-doctor-'))
  try {
    await test(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

it('finds a machine that speaks TLS well, by whatever name its certificate is', () =>
  withDirectory(async (directory) => {
    const { cert, key, ca } = await makeCertificate(directory, { name: 'live.example.org' })
    // For this test's own questions; the command is another process and trusts nobody more.
    setDefaultCACertificates([...getCACertificates('default'), ca.toString()])
    const environment = {
      VIREO_TLS_CERT: cert,
      VIREO_TLS_KEY: key,
      VIREO_RTMPS_PORT: String(await freePort()),
    }
    await using machine = await startMachine({ environment })
    const { code, checks, of } = await ask({ ...settingsOf(machine), ...environment })
    expect(checks.filter(({ state }) => state === 'fail')).toEqual([])
    expect(code).toBe(0)
    expect(of('readiness')).toMatchObject([{ state: 'ok', about: 'ready' }])
    expect(of('RTMPS port')[0]?.about).toContain('ours')
  }))

describe.each(enginePairs())('vireo doctor on $name', (pair) => {
  it('finds a running machine well, knows its ports as its own, and changes nothing', async () => {
    await using place = await pair.place()
    const environment = {
      VIREO_DATABASE_URL: (place.config as { url?: string }).url ?? 'sqlite:',
      VIREO_REDIS_URL: pair.redisUrl,
    }
    await using machine = await startMachine({ environment })
    const before = await readdir(machine.dataDir)
    const settings = { ...settingsOf(machine), ...environment, VIREO_PUBLIC_URL: machine.base }
    const { code, checks, of } = await ask(settings, '--counts')
    expect(checks.filter(({ state }) => state === 'fail')).toEqual([])
    expect(code).toBe(0)
    expect(of('HTTP port')[0]?.about).toContain('ours')
    expect(of('public address')).toMatchObject([{ state: 'ok' }])
    expect(of('schema')).toMatchObject([{ state: 'ok' }])
    expect(of('counts').map(({ state }) => state)).toEqual(countChecks.map(() => 'ok'))
    expect(await readdir(machine.dataDir)).toEqual(before)
  })

  it('shows a count that is wrong', async () => {
    await using place = await pair.place()
    const environment = {
      VIREO_DATABASE_URL: (place.config as { url?: string }).url ?? 'sqlite:',
      VIREO_REDIS_URL: pair.redisUrl,
    }
    await using machine = await startMachine({ environment })
    const person = await machine.register()
    const { data } = await machine.request('POST', '/api/v1/videos', person.token, { title: 'x' })
    expect(data).toMatchObject({ title: 'x' })
    {
      const config =
        pair.name === 'sqlite + memory'
          ? ({ kind: 'sqlite', file: join(machine.dataDir, 'vireo.db') } as const)
          : place.config
      await using db = await openDatabase({ config, log: silentLog, clock: systemClock, beside: true })
      await db.updateTable('video_counter').set({ likes: 7 }).execute()
    }
    const { code, of } = await ask({ ...settingsOf(machine), ...environment }, '--counts')
    expect(code).toBe(1)
    expect(of('counts').filter(({ state }) => state === 'fail')).toMatchObject([
      { about: expect.stringContaining('7 for 0') as string },
    ])
  })
})

describe('vireo doctor', () => {
  it('names what is not well, and how to mend it', () =>
    withDirectory(async (directory) => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
      const taken = String((server.address() as AddressInfo).port)
      await mkdir(join(directory, 'secrets'))
      await writeFile(join(directory, 'secrets', 'secret-key'), 'x')
      await chmod(join(directory, 'secrets', 'secret-key'), 0o644)
      try {
        const { code, of } = await ask({
          VIREO_DATA_DIR: directory,
          VIREO_HTTP_PORT: taken,
          VIREO_RTMP_PORT: String(await freePort()),
          VIREO_DATABASE_URL: `mysql://nobody:wrong@127.0.0.1:${taken}/none`,
          VIREO_REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
          VIREO_PUBLIC_URL: `http://127.0.0.1:${await freePort()}`,
          VIREO_DISK_RESERVE: '900T',
        })
        expect(code).toBe(1)
        const failing = ['HTTP port', 'secret key', 'database', 'redis', 'disk space']
        expect(failing.map((name) => [name, of(name)[0]?.state])).toEqual(
          failing.map((name) => [name, 'fail']),
        )
        expect(of('RTMP port')).toMatchObject([{ state: 'ok' }])
        expect(of('public address')).toMatchObject([{ state: 'warn' }])
        expect(of('secret key')[0]?.mend).toContain('chmod 600')
      } finally {
        server.close()
      }
    }))

  it('leaves no trace where nothing was started yet', () =>
    withDirectory(async (directory) => {
      const environment = {
        VIREO_DATA_DIR: join(directory, 'data'),
        VIREO_HTTP_PORT: String(await freePort()),
        VIREO_RTMP_PORT: String(await freePort()),
      }
      expect((await ask(environment)).code).toBe(0)
      expect(await readdir(directory)).toEqual([])
      const nowhere = await ask({ ...environment, VIREO_DATA_DIR: '/proc/nope' })
      expect(nowhere.of('data directory')).toMatchObject([{ state: 'fail' }])
    }))

  it('compares versions by their numbers', () => {
    expect(isAtLeast('5.1.9-0+deb12u1', '8.1.3')).toBe(false)
    expect(isAtLeast('10.0.1', '8.1.3')).toBe(true)
    expect(isAtLeast('8.1.3', '8.1.3')).toBe(true)
    expect(isAtLeast('n8.2', '8.1.3')).toBe(true)
  })
})
