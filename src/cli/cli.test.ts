import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshMobile } from '../../tests/app.ts'
import { settingsOf, vireo } from '../../tests/cli.ts'
import { startMachine } from '../../tests/machine.ts'
import type { Machine } from '../../tests/machine.ts'
import { commands } from './commands.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vireo-cli-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

describe('the command line', () => {
  it('lists every command, and tells how each is used', async () => {
    const help = await vireo(['--help'])
    expect(help.code).toBe(0)
    for (const { name } of commands) {
      expect(help.out).toMatch(new RegExp(`^  ${name} `, 'm'))
      const own = await vireo([name, '--help'])
      expect([own.code, own.err]).toEqual([0, ''])
      expect(own.out).toContain(`usage: vireo ${name}`)
    }
  })

  it('answers wrong usage with words and 2', async () => {
    for (const args of [
      [],
      ['nonsense'],
      ['backup'],
      ['start', 'x'],
      ['admin', 'dance'],
      ['migrate', '--x'],
    ]) {
      const { code, err } = await vireo(args)
      expect([args, code]).toEqual([args, 2])
      expect(err).toContain('usage: vireo')
    }
    const wrong = await vireo(['migrate'], { environment: { VIREO_HTTP_PORT: 'x' } })
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('VIREO_HTTP_PORT')])
  })

  it('answers what can not be done with words and 1', async () => {
    const environment = { VIREO_DATA_DIR: join(directory, 'nothing') }
    for (const args of [
      ['backup', 'x.tar'],
      ['restore', 'x.tar'],
      ['admin', 'list'],
    ]) {
      const { code, err } = await vireo(args, { environment, cwd: directory })
      expect([args, code]).toEqual([args, 1])
      expect(err).toMatch(/^vireo \w+: there is no/)
      expect(err).not.toContain('    at ')
    }
  })
})

describe('vireo migrate', () => {
  it('makes the schema, says what is done, and does nothing twice', async () => {
    const environment = { VIREO_DATA_DIR: join(directory, 'migrate') }
    const before = await vireo(['migrate', '--status'], { environment })
    expect([before.code, before.out]).toEqual([1, expect.stringMatching(/^missing {2}0001-platform$/m)])
    expect((await vireo(['migrate'], { environment })).out).toContain('migrated 0001-platform')
    expect((await vireo(['migrate'], { environment })).out).toContain('nothing to do')
    const after = await vireo(['migrate', '--status'], { environment })
    expect([after.code, after.out]).toEqual([0, expect.not.stringContaining('missing')])
  })
})

describe('vireo admin beside a running machine', () => {
  let machine: Machine
  beforeAll(async () => {
    machine = await startMachine()
  })
  afterAll(() => machine[Symbol.asyncDispose]())
  const run = (args: string[], input?: string) =>
    vireo(['admin', ...args], { environment: settingsOf(machine), ...(input === undefined ? {} : { input }) })
  const me = (token: string) => machine.request('GET', '/api/v1/me', token)
  const signIn = (account: string, password: string) =>
    machine.request('POST', '/api/v1/passport/login', undefined, { account, password })

  it('makes administrators, takes it back, and lists them', async () => {
    expect((await run(['list'])).out).toContain('no administrator yet')
    const person = await machine.register()
    expect((await run(['promote', person.mobile])).code).toBe(0)
    expect((await me(person.token)).data).toMatchObject({ role: 'admin' })
    const list = await run(['list'])
    expect(list.out).toContain(person.id)
    expect(list.out).not.toContain(person.mobile)
    expect((await run(['demote', person.mobile])).code).toBe(0)
    expect((await me(person.token)).data).toMatchObject({ role: 'user' })
    const unknown = await run(['promote', freshMobile()])
    expect([unknown.code, unknown.err.trim()]).toEqual([1, 'vireo admin: Not found'])
  })

  it('makes a working setup link until there is an administrator, and creates one', async () => {
    const { out } = await run(['setup-link'])
    const token = /\/setup\?token=([\w-]+)/.exec(out)?.[1]
    const mobile = freshMobile()
    const password = 'a-Good-one-9'
    const made = await machine.request('POST', '/api/v1/setup', undefined, { token, mobile, password })
    expect(made.data).toMatchObject({ user: { role: 'admin' } })
    expect((await run(['setup-link'])).code).toBe(1)
    const second = freshMobile()
    const created = await run(['create', second, '--nickname', '值班'])
    const given = /password: (\S+)/.exec(created.out)?.[1] ?? ''
    expect((await signIn(second, given)).data).toMatchObject({ user: { role: 'admin', nickname: '值班' } })
    expect((await run(['create', second])).err).toContain('already registered')
  })

  it('resets a password and signs every device out', async () => {
    const person = await machine.register()
    expect((await run(['reset-password', person.mobile, '--password-stdin'], '12345678\n')).code).toBe(1)
    const reset = await run(['reset-password', person.mobile, '--password-stdin'], 'quite-New-42\n')
    expect(reset.code).toBe(0)
    expect(reset.out).not.toContain('quite-New-42')
    expect((await me(person.token)).status).toBe(401)
    expect((await signIn(person.mobile, person.password)).status).toBe(401)
    expect((await signIn(person.mobile, 'quite-New-42')).status).toBe(200)
  })
})
