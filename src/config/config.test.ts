import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from './load.ts'
import { loadSecrets } from './secrets.ts'

const problemsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    loadConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('loadConfig', () => {
  it('starts with nothing set', () => {
    expect(loadConfig({})).toMatchObject({
      profile: 'production',
      httpPort: 8080,
      rtmpPort: 1935,
      kv: { kind: 'memory' },
    })
  })

  it('reports every mistake at once, by name', () => {
    const problems = problemsOf({
      VIREO_HTTP_PORT: 'eighty',
      VIREO_DATABASE_URL: 'oracle://x',
      VIREO_USER_QUOTA: 'lots',
      VIREO_TYPO: '1',
    })
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'VIREO_TYPO',
      'VIREO_HTTP_PORT',
      'VIREO_DATABASE_URL',
      'VIREO_USER_QUOTA',
    ])
  })

  it('refuses a fixed picture answer outside profile test', () => {
    expect(problemsOf({ VIREO_CAPTCHA_ANSWER: 'abcd' })).toHaveLength(1)
    expect(problemsOf({ VIREO_CAPTCHA_ANSWER: 'abcd', VIREO_PROFILE: 'development' })).toHaveLength(1)
    expect(problemsOf({ VIREO_CAPTCHA_ANSWER: 'abcd', VIREO_PROFILE: 'test' })).toEqual([])
  })

  it.each(['short', 'x'.repeat(40), `change-me-${'q7Zp'.repeat(8)}`])(
    'security.md #26: refuses the secret key %s',
    (key) => {
      expect(problemsOf({ VIREO_SECRET_KEY: key })).toHaveLength(1)
    },
  )

  it('lets a machine do a part, and refuses parts that one process would need', () => {
    const shared = { VIREO_DATABASE_URL: 'mysql://u@h/d', VIREO_REDIS_URL: 'redis://h' }
    for (const roles of ['api', 'worker', 'api,ingest', 'ingest,worker']) {
      expect([roles, problemsOf({ VIREO_ROLES: roles, ...shared })]).toEqual([roles, []])
      expect([roles, problemsOf({ VIREO_ROLES: roles }).length]).toEqual([roles, 2])
    }
    for (const roles of ['api,worker', 'ingest', 'worker,ingest,api'])
      expect([roles, problemsOf({ VIREO_ROLES: roles })]).toEqual([roles, []])
    for (const roles of ['', ',', 'api,api', 'web']) {
      const expected = roles === '' ? 0 : 1
      expect([roles, problemsOf({ VIREO_ROLES: roles }).length]).toEqual([roles, expected])
    }
  })

  it('reads sizes', () => {
    expect(loadConfig({ VIREO_USER_QUOTA: '1.5G' }).userQuotaBytes).toBe(1.5 * 1024 ** 3)
  })

  it('holds limits in production always and in test only on demand', () => {
    expect(loadConfig({}).rateLimits).toBe(true)
    expect(problemsOf({ VIREO_RATE_LIMITS: 'off' })).toHaveLength(1)
    expect(loadConfig({ VIREO_PROFILE: 'test' }).rateLimits).toBe(false)
    expect(loadConfig({ VIREO_PROFILE: 'test', VIREO_RATE_LIMITS: 'on' }).rateLimits).toBe(true)
  })
})

describe('loadSecrets', () => {
  it('security.md #26: makes the key once, readable by its owner only, and never shows it', () => {
    const dir = mkdtempSync(join(tmpdir(), 'vireo-secrets-'))
    try {
      const first = loadSecrets(dir, undefined).keyFor('jwt')
      const again = loadSecrets(dir, undefined).keyFor('jwt')
      expect(again.reveal()).toEqual(first.reveal())
      expect(loadSecrets(dir, undefined).keyFor('cursor').reveal()).not.toEqual(first.reveal())
      expect(statSync(join(dir, 'secrets', 'secret-key')).mode & 0o777).toBe(0o600)
      expect(JSON.stringify({ first }) + inspect(first)).not.toContain(first.reveal().toString('base64'))
    } finally {
      rmSync(dir, { recursive: true })
    }
  })
})
