import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog } from './pino.ts'
import type { LogDeps } from './pino.ts'

describe('log', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vireo-log-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))
  const open = (file: Partial<NonNullable<LogDeps['file']>> = {}) =>
    createLog({ level: 'info', stdout: false, file: { path: join(directory, 'logs', 'vireo.log'), ...file } })
  const text = () => readFile(join(directory, 'logs', 'vireo.log'), 'utf8')
  const settle = () => new Promise((resolve) => setTimeout(resolve, 100))

  it('writes one JSON line each, with the child’s fields and above the level', async () => {
    const log = open()
    log.debug({}, 'not this')
    log.child({ part: 'db' }).warn({ n: 1n, when: new Date(0) }, 'slow')
    await settle()
    log.close()
    const line: unknown = JSON.parse(await text())
    expect(line).toMatchObject({
      level: 'warn',
      part: 'db',
      n: '1',
      when: '1970-01-01T00:00:00.000Z',
      msg: 'slow',
    })
  })

  it('security.md #12 #37: keeps secrets out, however deep and however they are called', async () => {
    const log = open()
    const secret = 'hunter2-secret'
    const names = [
      'authorization',
      'Cookie',
      'set-cookie',
      'password',
      'newPassword',
      'access_token',
      'streamKey',
    ]
    const more = ['stream_key', 'mobile', 'img_code', 'smsCode', 'totp_secret', 'api_key']
    for (const name of [...names, ...more]) log.info({ a: [{ b: { [name]: secret } }] }, 'x')
    const failed = Object.assign(new Error(`refused 13800138000 for Bearer ${secret}`), {
      sql: `insert '${secret}'`,
      cause: new Error(`mysql://root:${secret}@host/db`),
    })
    log.error({ err: failed, url: `/x?token=${secret}&page=2` }, `GET /y?img_code=${secret}`)
    await settle()
    log.close()
    const lines = await text()
    expect(lines).not.toContain(secret)
    expect(lines).not.toContain('13800138000')
    expect(lines).toContain('138****8000')
    expect(lines).toContain('page=2')
  })

  it('security.md #58: lets nobody fake a line, steer a terminal or write without end', async () => {
    const log = open()
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    log.info(
      { name: 'a\n{"level":"error"}\r\u001b[2J\u009b\u2028\u202e', loop, long: 'x'.repeat(100_000) },
      'b\nc',
    )
    await settle()
    log.close()
    const lines = (await text()).trimEnd().split('\n')
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/)
    expect(lines[0]?.length).toBeLessThan(6000)
  })

  it('keeps files of bounded size and number', async () => {
    const log = open({ maxBytes: 20_000, keep: 3 })
    for (let n = 0; n < 60; n++) {
      for (let m = 0; m < 10; m++) log.info({ n, m, filler: 'x'.repeat(200) }, 'line')
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await settle()
    log.close()
    const files = (await readdir(join(directory, 'logs'))).sort()
    expect(files).toEqual(['vireo.log', 'vireo.log.1', 'vireo.log.2', 'vireo.log.3'])
    for (const file of files) expect((await stat(join(directory, 'logs', file))).size).toBeLessThan(60_000)
    expect(await text()).not.toContain('\u0000')
  })
})
