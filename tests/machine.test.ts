/** Owns the promises about starting and stopping a whole machine. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startMachine, until } from './machine.ts'

it('starts, says where it is and how to make the first administrator, and keeps its secrets to itself', async () => {
  await using machine = await startMachine()
  const output = machine.output()
  expect(output).toContain(`http://localhost:${machine.httpPort}`)
  const token = /\/setup\?token=([\w-]+)/.exec(output)?.[1]
  expect(token).toMatch(/.{20}/)
  expect((await stat(join(machine.dataDir, 'secrets', 'secret-key'))).mode & 0o777).toBe(0o600)
  const lan = Object.values(networkInterfaces())
    .flat()
    .find((entry) => entry?.family === 'IPv4' && !entry.internal)?.address
  if (lan !== undefined) {
    expect(output).toContain(`http://${lan}:${machine.httpPort}`)
    expect((await fetch(`http://${lan}:${machine.httpPort}/readyz`)).status).toBe(200)
  }
  await machine.register()
  for (const name of await readdir(machine.dataDir))
    expect([name, (await stat(join(machine.dataDir, name))).mode & 0o007]).toEqual([name, 0])
  expect(await machine.stop()).toBe(0)
  const log = await readFile(join(machine.dataDir, 'logs', 'vireo.log'), 'utf8')
  expect(log).not.toMatch(/\b1[3-9]\d{9}\b/)
  expect(log).not.toContain(token)
})

it('keeps what was acknowledged when it is stopped or killed under load, and starts again', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'vireo-machine-'))
  try {
    const acknowledged: { mobile: string; password: string }[] = []
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const machine = await startMachine({ dataDir })
      let isOver = false
      const clients = Array.from({ length: 4 }, async () => {
        while (!isOver) {
          const person = await machine.register().catch(() => undefined)
          if (person) acknowledged.push(person)
        }
      })
      const before = acknowledged.length
      await until('some people have registered', () => acknowledged.length > before + 10)
      if (signal === 'SIGTERM') expect(await machine.stop('SIGTERM')).toBe(0)
      else {
        process.kill((await machine.pidOf('vireo-api')) ?? 0, 'SIGKILL')
        await until('it answers again', () =>
          fetch(`${machine.base}/readyz`).then(
            (r) => r.ok,
            () => false,
          ),
        )
        isOver = true
        await Promise.all(clients)
        await machine.stop()
      }
      isOver = true
      await Promise.all(clients)
    }
    await using machine = await startMachine({ dataDir })
    for (const { mobile } of acknowledged) {
      expect((await machine.request('POST', '/passport/check_mobile', undefined, { mobile })).error).toBe(
        'mobile_taken',
      )
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})

it('refuses a second start on the same data directory, and leaves the first alone', async () => {
  await using first = await startMachine()
  await expect(startMachine({ dataDir: first.dataDir })).rejects.toThrow(
    /already runs on this data directory/,
  )
  expect((await first.request('GET', '/api/v1/site')).status).toBe(200)
  expect(await first.stop()).toBe(0)
})

it('says in words that a port is taken, and ends', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  const { port } = server.address() as AddressInfo
  try {
    await expect(startMachine({ environment: { VIREO_HTTP_PORT: String(port) } })).rejects.toThrow(
      /port \d+ is in use/,
    )
    await expect(startMachine({ environment: { VIREO_RTMP_PORT: String(port) } })).rejects.toThrow(
      /EADDRINUSE|in use/,
    )
  } finally {
    server.close()
  }
})

it('says in words that the data directory can not be made, and ends', async () => {
  await expect(startMachine({ dataDir: '/proc/nope' })).rejects.toThrow(/ended with 1[^]*VIREO_DATA_DIR/)
})

it('names every wrong setting at once', async () => {
  const environment = { VIREO_HTTP_PORT: 'x', VIREO_NONSENSE: '1' }
  await expect(startMachine({ environment })).rejects.toThrow(/VIREO_NONSENSE[^]*VIREO_HTTP_PORT/)
})
