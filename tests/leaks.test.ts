import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { leaksIn, searchSuiteLogs } from './leaks.ts'

it.each([
  ['{"msg":"to 13800138000"}', 'a whole mobile number'],
  ['{"to":"+8613800138000"}', 'a whole mobile number'],
  ['for Some.Body@example.com', 'an e-mail address'],
  [`Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.${'s'.repeat(43)}`, 'an access token'],
  [`01k${'a'.repeat(23)}.12.${'B-_'.repeat(14)}x`, 'a refresh token'],
  ['$argon2id$v=19$m=19456', 'a password hash'],
  ['{"code":"123456"}', 'a code that was sent'],
  ['【Vireo】验证码 123456，用于', 'a code that was sent'],
  ['http://localhost/reset-password#token=abc', 'a link to reset a password'],
  ['secret JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', 'a secret of an authenticator app'],
  ['{"password":"Aa1-abcdefghijkl"}', 'a password of the tests'],
  ['rtmp://127.0.0.1:1935/live/Vq3kZ0d8sJm1XcB7nT2wLg', 'a stream key'],
])('security.md #12 #37: finds in %s', (text, what) => {
  expect(leaksIn(text).join()).toContain(what)
})

it.each([
  '{"time":1795846000000,"durationMs":12.5,"bytes":104857600}',
  '{"mobile":"138****8000","user":"01k5zw3v8q9d7e6f5g4h3j2k1m"}',
  '{"port":18080,"url":"/play/live/abcdefghijkl/ll.m3u8"}',
])('finds nothing in %s', (text) => {
  expect(leaksIn(text)).toEqual([])
})

it('looks through every file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vireo-leaks-'))
  await writeFile(join(directory, 'a.log'), 'nothing\n')
  await writeFile(join(directory, 'b.log'), 'call 13800138000\n')
  const { bytes, leaks } = await searchSuiteLogs(directory)
  expect([bytes, leaks.length]).toEqual([25, 1])
  await rm(directory, { recursive: true })
})
