import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createPasswordRules, isBreached } from './password-rules.ts'
import { createParseMobile, deviceInWords, maskMobile, parseEmail, placeOf } from './rules.ts'

const sha1 = (password: string) => createHash('sha1').update(password).digest('hex').toUpperCase()

describe('passwords', () => {
  const rules = createPasswordRules(undefined)

  it.each([
    'password',
    'PassWord',
    'qwertyuiop',
    '1qaz2wsx',
    'short7!',
    'aaaaaaaa',
    'vireo123',
    'my13800138000',
    'xx小明同学xx',
    'Somebody-99',
    'a'.repeat(60) + 'bc'.repeat(40),
  ])('security.md #14 #16: refuses %s', async (password) => {
    expect(await rules.isStrong(password, ['13800138000', '小明同学', 'somebody@example.com'])).toBe(false)
  })

  it.each(['all lower words ok', '一个很长的中文密码', '7391846250172', 'p'.repeat(60) + 'xyz'.repeat(20)])(
    'security.md #15: asks for no kinds of characters: %s',
    async (password) => {
      expect(await rules.isStrong(password, ['13800138000'])).toBe(true)
    },
  )

  it.each(['\n', '\r\n'])(
    'security.md #16: finds a breached hash by a few reads, with lines ended by %j',
    async (end) => {
      const directory = await mkdtemp(join(tmpdir(), 'vireo-breached-'))
      try {
        const words = Array.from({ length: 3000 }, () => randomBytes(6).toString('hex'))
        const lines = words.map((word, n) => `${sha1(word)}:${n * 7919}`).sort()
        const file = join(directory, 'pwned.txt')
        await writeFile(file, lines.join(end) + end)
        for (const word of words) expect(await isBreached(file, word), word).toBe(true)
        for (let n = 0; n < 300; n++) expect(await isBreached(file, `not there ${n}`)).toBe(false)
        expect(await createPasswordRules(file).isStrong(words[7] ?? '', [])).toBe(false)
        await writeFile(file, '')
        expect(await isBreached(file, 'x')).toBe(false)
      } finally {
        await rm(directory, { recursive: true })
      }
    },
  )
})

describe('numbers and addresses', () => {
  it('security.md #1: reads the numbers of the countries that the site allows', () => {
    const parse = createParseMobile(['CN', 'HK', 'US'])
    expect(parse('13800138000')).toBe('+8613800138000')
    expect(parse('+852 5123 4567')).toBe('+85251234567')
    expect(parse('+1 415-555-2671')).toBe('+14155552671')
    expect(parse('+44 7911 123456')).toBeUndefined()
    expect(parse('１３８００１３８０００')).toBeUndefined()
    expect(createParseMobile(['CN'])('+852 5123 4567')).toBeUndefined()
    expect(maskMobile('+8613800138000')).toBe('138****8000')
    expect(maskMobile('+85251234567')).not.toContain('5123456')
  })

  it.each(['a@b', 'a b@c.de', 'a@b.c\r\nBcc: x@y.zz', '<a@b.cd>', 'a@b.cd,e@f.gh', '@b.cd', 'a@-b.cd'])(
    'refuses the address %j',
    (text) => expect(parseEmail(text)).toBeUndefined(),
  )

  it('tells this machine and the local network from the rest of the world', () => {
    expect(['127.0.0.1', '::1', '::ffff:127.0.0.1'].map(placeOf)).toEqual(Array(3).fill('this_machine'))
    expect(['192.168.1.5', '10.0.0.1', '172.20.0.1', 'fd00::1', 'fe80::1'].map(placeOf)).toEqual(
      Array(5).fill('local_network'),
    )
    expect(['8.8.8.8', '172.32.0.1', '2001:db8::1', '192.0.2.1'].map(placeOf)).toEqual(Array(4).fill(null))
  })

  it('names devices in words', () => {
    expect(
      deviceInWords(
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36',
      ),
    ).toBe('Chrome · Windows')
    expect(
      deviceInWords('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/605.1'),
    ).toBe('Safari · iPhone')
    expect(deviceInWords('')).toBe('')
  })
})
