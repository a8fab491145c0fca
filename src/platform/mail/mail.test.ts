import type { AddressInfo } from 'node:net'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../clock/clock.ts'
import { silentLog } from '../log/log.ts'
import { createSms } from '../sms/sms.ts'
import { mailContract } from './mail.contract.ts'
import { createMail } from './mail.ts'
import { createOutbox } from './outbox.ts'

const openOutbox = async () => {
  const parent = await mkdtemp(join(tmpdir(), 'vireo-outbox-'))
  const directory = join(parent, 'outbox')
  const outbox = createOutbox({ directory, clock: systemClock })
  const mail = await createMail({ url: 'outbox:', from: 'a@b.c', outbox, log: silentLog })
  return {
    directory,
    mail,
    async arrived() {
      const names = (await readdir(directory)).sort()
      const files = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
      return files.map((file) => JSON.parse(file) as { to: string; text: string })
    },
    [Symbol.asyncDispose]: () => rm(parent, { recursive: true }),
  }
}

const openSmtp = async () => {
  const received: { to: string; raw: string }[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _session, done) => {
      if (username === 'me' && password === 'p@ss') done(null, { user: 'me' })
      else done(new Error('wrong'))
    },
    onData(stream, session, done) {
      void text(stream).then((raw) => {
        received.push({ to: session.envelope.rcptTo.map(({ address }) => address).join(), raw })
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  const outbox = createOutbox({ directory: '/nonexistent', clock: systemClock })
  const open = (login: string) =>
    createMail({ url: `smtp://${login}127.0.0.1:${port}`, from: 'vireo@example.com', outbox, log: silentLog })
  const mail = await open('me:p%40ss@')
  return {
    mail,
    open,
    received,
    async arrived() {
      return received.map(({ to, raw }) => ({ to, text: bodyOf(raw) }))
    },
    async [Symbol.asyncDispose]() {
      await mail[Symbol.asyncDispose]()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

const bodyOf = (raw: string): string => {
  const at = raw.indexOf('\r\n\r\n')
  const encoded = raw.slice(at + 4)
  return /transfer-encoding: base64/i.test(raw.slice(0, at))
    ? Buffer.from(encoded, 'base64').toString()
    : encoded
}

mailContract('outbox', openOutbox)
mailContract('smtp', openSmtp)

describe('outbox', () => {
  it('keeps one private file per message, for SMS too', async () => {
    await using outbox = await openOutbox()
    const sms = createSms({ urls: ['outbox:'], outbox: outbox.mail, clock: systemClock, log: silentLog })
    await sms.send({ to: '13800138000', text: '验证码 123456', purpose: 'register', code: '123456' })
    const [name = ''] = await readdir(outbox.directory)
    expect((await stat(join(outbox.directory, name))).mode & 0o777).toBe(0o600)
    expect(await outbox.arrived()).toEqual([
      { to: '13800138000', text: '验证码 123456', purpose: 'register', code: '123456' },
    ])
  })

  it('says unavailable when it can not write', async () => {
    const outbox = createOutbox({ directory: '/dev/null/none', clock: systemClock })
    await expect(outbox.send({ to: 'a@b.c', text: 'x', purpose: 'x' })).rejects.toMatchObject({
      code: 'unavailable',
    })
  })
})

describe('smtp', () => {
  it.each(['a@b.c\r\nBcc: evil@x.y', 'a@b.c, d@e.f', 'A <a@b.c>', 'nobody', '', 'a@b.c\0', '"a b"@c.d'])(
    'refuses the address %j',
    async (to) => {
      await using smtp = await openSmtp()
      await expect(smtp.mail.send({ to, text: 'x', purpose: 'x' })).rejects.toMatchObject({
        code: 'email_invalid',
      })
      expect(smtp.received).toEqual([])
    },
  )

  it('refuses a subject that would add a header', async () => {
    await using smtp = await openSmtp()
    const message = { to: 'a@b.c', text: 'x', purpose: 'x', subject: 'Hi\r\nBcc: evil@x.y' }
    await expect(smtp.mail.send(message)).rejects.toThrow()
    expect(smtp.received).toEqual([])
  })

  it('says unavailable when the server refuses or is away', async () => {
    await using smtp = await openSmtp()
    await using wrong = await smtp.open('me:wrong@')
    const message = { to: 'a@b.c', text: 'x', purpose: 'x' }
    await expect(wrong.send(message)).rejects.toMatchObject({ code: 'unavailable' })
    const outbox = createOutbox({ directory: '/nonexistent', clock: systemClock })
    await using away = await createMail({ url: 'smtp://127.0.0.1:1', from: 'a@b.c', outbox, log: silentLog })
    await expect(away.send(message)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(createMail({ url: 'fax://x', from: 'a@b.c', outbox, log: silentLog })).rejects.toThrow()
    expect(() => createSms({ urls: ['fax://x'], outbox, clock: systemClock, log: silentLog })).toThrow()
  })
})
