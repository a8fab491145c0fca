/** Owns the original specification's scenario by hand: curl, form bodies, the bare paths, both languages. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { captchaAnswer, createTestApp, enginePairs, freshMobile } from './app.ts'
import type { TestApp } from './app.ts'

const run = promisify(execFile)

const words = {
  'zh-CN': {
    free: (mobile: string) => `${mobile}, 此手机号可以使用`,
    registered: '注册成功',
    taken: '手机号已存在, 请重新输入',
    invalid: '手机号格式不正确',
    missing: '注册所需参数不能为空',
    picture: '图片验证码不正确',
    signedIn: '登录成功',
  },
  en: {
    free: (mobile: string) => `${mobile} can be used`,
    registered: 'Registered',
    taken: 'This mobile number is already registered',
    invalid: 'The mobile number is not valid',
    missing: 'A value needed for registering is missing',
    picture: 'The picture code is wrong',
    signedIn: 'Signed in',
  },
} as const

describe.each(enginePairs())('by hand with curl on $name', (pair) => {
  let test: TestApp
  beforeAll(async () => {
    test = await createTestApp({ pair })
  })
  afterAll(() => test[Symbol.asyncDispose]())

  it.each(['zh-CN', 'en'] as const)(
    'fetches a picture, checks, registers and signs in, in %s',
    async (language) => {
      const said = words[language]
      const curl = async (path: string, ...more: string[]) => {
        const given = ['-sS', '-H', `Accept-Language: ${language}`, '-w', '\n%{http_code}', ...more]
        const { stdout } = await run('curl', [...given, `${test.base}${path}`])
        const [body = '', status] = stdout.split('\n')
        const answer = JSON.parse(body) as { code: number; msg: string; data: never; error?: string }
        expect(answer.code).toBe(Number(status))
        return answer
      }
      const form = (fields: Record<string, string>) =>
        Object.entries(fields).flatMap(([name, value]) => ['--data-urlencode', `${name}=${value}`])
      const fetchPicture = async (before = ''): Promise<string> => {
        const id = randomUUID()
        const file = join(test.config.dataDir, `${id}.jpg`)
        const url = `${test.base}/passport/image_code?cur_id=${id}&pre_id=${before}`
        const { stdout } = await run('curl', ['-sS', '-o', file, '-w', '%{content_type}', url])
        expect(stdout).toBe('image/jpeg')
        expect((await readFile(file)).subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]))
        return id
      }
      const mobile = freshMobile()
      const fields = { mobile, password: '一个 long & quiet+night', img_code: captchaAnswer }

      expect((await curl('/passport/check_mobile', ...form({ mobile }))).msg).toBe(said.free(mobile))
      expect(await curl('/passport/check_mobile', ...form({ mobile: '1380' }))).toMatchObject({
        code: 400,
        error: 'mobile_invalid',
        msg: said.invalid,
      })
      const first = await fetchPicture()
      const wrong = form({ ...fields, img_code_id: first, img_code: 'zzzz' })
      expect(await curl('/passport/register', ...wrong)).toMatchObject({ code: 400, msg: said.picture })
      expect(await curl('/passport/register', ...form({ mobile }))).toMatchObject({
        code: 400,
        msg: said.missing,
      })
      const register = form({ ...fields, img_code_id: await fetchPicture(first) })
      expect(await curl('/passport/register', ...register)).toMatchObject({ code: 200, msg: said.registered })
      expect(await curl('/passport/check_mobile', ...form({ mobile }))).toMatchObject({
        code: 400,
        error: 'mobile_taken',
        msg: said.taken,
      })
      const login = await curl('/passport/login', ...form({ mobile, password: fields.password }))
      expect(login).toMatchObject({ code: 200, msg: said.signedIn })
      const { access_token: token } = login.data as { access_token: string }
      const me = await curl('/api/v1/me', '-H', `Authorization: Bearer ${token}`)
      expect(me.data).toMatchObject({ mobile: `${mobile.slice(0, 3)}****${mobile.slice(-4)}` })
      expect(
        (await curl('/passport/logout', '-X', 'POST', '-H', `Authorization: Bearer ${token}`)).code,
      ).toBe(200)
      expect((await curl('/api/v1/me', '-H', `Authorization: Bearer ${token}`)).code).toBe(401)
    },
  )
})
