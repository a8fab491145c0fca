import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { enginePairs } from '../../tests/app.ts'
import type { EnginePair } from '../../tests/app.ts'
import { settingsOf, vireo } from '../../tests/cli.ts'
import { clip } from '../../tests/fixtures/clips.ts'
import { startMachine, until } from '../../tests/machine.ts'
import type { Machine, Person } from '../../tests/machine.ts'

const run = promisify(execFile)

const settings = (pair: EnginePair, db: { kind: string; url?: string }): Record<string, string> => ({
  VIREO_DATABASE_URL: db.url ?? 'sqlite:',
  VIREO_REDIS_URL: pair.redisUrl,
})

const upload = async (machine: Machine, { token }: Person, file: string): Promise<string> => {
  const bytes = await readFile(file)
  const response = await fetch(`${machine.base}/api/v1/uploads`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'tus-resumable': '1.0.0',
      'upload-length': String(bytes.length),
      'upload-metadata': `title ${Buffer.from('片\u2028段').toString('base64')}`,
      'content-type': 'application/offset+octet-stream',
    },
    body: bytes,
  })
  const id = response.headers.get('vireo-video-id') ?? ''
  await until('the video is ready', async () => {
    const { data } = await machine.request('GET', `/api/v1/videos/${id}`, token)
    return (data as { state?: string } | undefined)?.state === 'ready'
  })
  return id
}

/** What a player gets of it. */
const playedHash = async (machine: Machine, id: string): Promise<string> => {
  const { data } = await machine.request('GET', `/api/v1/videos/${id}`)
  const { play } = data as { play: { hls: string } }
  const text = async (path: string): Promise<string> => (await fetch(`${machine.base}${path}`)).text()
  const hash = createHash('sha256')
  const master = await text(play.hls)
  const media = new URL(/^[^#\n]+$/m.exec(master)?.[0] ?? '', `${machine.base}${play.hls}`).pathname
  const playlist = await text(media)
  const file = new URL(/URI="([^"]+)"/.exec(playlist)?.[1] ?? '', `${machine.base}${media}`)
  hash.update(playlist).update(Buffer.from(await (await fetch(file)).arrayBuffer()))
  return hash.digest('hex')
}

/** 200 drafts a second by many people until told to stop; gives what was acknowledged. */
const writeSteadily = (machine: Machine, people: readonly Person[], signal: AbortSignal) => {
  const acknowledged: { owner: Person; id: string }[] = []
  let sent = 0
  const startedMs = Date.now()
  const client = async (): Promise<void> => {
    while (!signal.aborted && sent < people.length * 95) {
      const n = sent++
      const owner = people[n % people.length]
      if (owner === undefined) return
      const { status, data } = await machine.request('POST', '/api/v1/videos', owner.token, {
        title: `第 ${n} 个`,
      })
      if (status === 200) acknowledged.push({ owner, id: (data as { id: string }).id })
      await sleep(Math.max(0, startedMs + sent * 5 - Date.now()))
    }
  }
  return { acknowledged, ended: Promise.all(Array.from({ length: 12 }, client)), startedMs }
}

const idsOf = async (machine: Machine, person: Person): Promise<string[]> => {
  const { data } = await machine.request('GET', '/api/v1/me/videos?limit=100', person.token)
  return (data as { items: { id: string }[] }).items.map(({ id }) => id)
}

describe.each(enginePairs())('backup and restore on $name', (pair) => {
  it('keeps everything that was acknowledged before it began, while 200 writes a second go on', async () => {
    await using from = await pair.place()
    await using to = await pair.place()
    const directory = await mkdtemp(join(tmpdir(), 'vireo-backup-'))
    const file = join(directory, 'all.tar.gz')
    const dataDir = join(directory, 'restored')
    try {
      let film = ''
      let hash = ''
      let before: { owner: Person; id: string }[] = []
      const people: Person[] = []
      {
        await using machine = await startMachine({ environment: settings(pair, from.config) })
        for (let n = 0; n < 30; n++) people.push(await machine.register())
        film = await upload(machine, people[0] as Person, clip('plain.mp4'))
        hash = await playedHash(machine, film)
        const stop = new AbortController()
        const writing = writeSteadily(machine, people, stop.signal)
        await sleep(2_000)
        before = [...writing.acknowledged]
        const made = await vireo(['backup', 'all.tar.gz'], {
          environment: { ...settingsOf(machine), ...settings(pair, from.config) },
          cwd: directory,
        })
        const during = writing.acknowledged.length - before.length
        stop.abort()
        await writing.ended
        expect([made.code, made.err]).toEqual([0, ''])
        expect(before.length).toBeGreaterThan(100)
        // Otherwise nothing was shown about being under load.
        expect(during).toBeGreaterThan(20)
        expect((await stat(file)).mode & 0o777).toBe(0o600)
        expect(await readdir(machine.dataDir)).not.toContain('.backup')
        expect(await machine.stop()).toBe(0)
      }
      const environment = { ...settings(pair, to.config), VIREO_DATA_DIR: dataDir }
      const restored = await vireo(['restore', file], { environment })
      expect([restored.code, restored.err]).toEqual([0, ''])
      await using machine = await startMachine({ dataDir, environment: settings(pair, to.config) })
      for (const person of people) {
        const ids = await idsOf(machine, person)
        const lost = before.filter(({ owner, id }) => owner === person && !ids.includes(id))
        expect(lost).toEqual([])
      }
      expect(await playedHash(machine, film)).toBe(hash)
      // New rows find their numbers free.
      expect((await machine.register()).id).not.toBe('')
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})

describe('restore refuses', () => {
  const withBackup = async (test: (directory: string, file: string) => Promise<void>): Promise<void> => {
    const directory = await mkdtemp(join(tmpdir(), 'vireo-restore-'))
    try {
      const environment = { VIREO_DATA_DIR: join(directory, 'from') }
      await vireo(['migrate'], { environment })
      const { code } = await vireo(['backup', 'b.tar'], { environment, cwd: directory })
      expect(code).toBe(0)
      await test(directory, join(directory, 'b.tar'))
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }
  const restoreInto = (directory: string, file: string) =>
    vireo(['restore', file], { environment: { VIREO_DATA_DIR: join(directory, 'to') } })
  const isThere = (path: string): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    )

  it('a file that was changed, cut short, or is none, and leaves nothing behind', () =>
    withBackup(async (directory, file) => {
      const bytes = await readFile(file)
      const changed = Buffer.from(bytes)
      changed[bytes.indexOf('0001-platform')] = 0x39
      const cases = {
        changed,
        cut: bytes.subarray(0, bytes.length / 2),
        none: Buffer.from('hello'),
        empty: Buffer.alloc(0),
      }
      for (const [name, content] of Object.entries(cases)) {
        await writeFile(join(directory, name), content)
        const { code, err } = await restoreInto(directory, join(directory, name))
        expect([name, code]).toEqual([name, 1])
        expect(err).toMatch(/damaged|manifest|can not be read/)
        expect(err).not.toContain('    at ')
        expect(await isThere(join(directory, 'to'))).toBe(false)
      }
    }))

  it('names that lead out, and links', () =>
    withBackup(async (directory, file) => {
      const canary = join(directory, 'canary')
      await writeFile(canary, 'x')
      await symlink(canary, join(directory, 'link'))
      const additions = [
        ['-P', '--transform', 's,canary,data/../../canary,', 'canary'],
        ['-P', '--transform', `s,canary,${directory}/evil,`, 'canary'],
        ['--transform', 's,link,data/media/link,', 'link'],
        ['--transform', 's,canary,vireo.db,', 'canary'],
      ]
      for (const addition of additions) {
        const evil = join(directory, 'evil.tar')
        await writeFile(evil, await readFile(file))
        await run('tar', ['-rf', evil, ...addition], { cwd: directory })
        const { code, err } = await restoreInto(directory, evil)
        expect([addition, code]).toEqual([addition, 1])
        expect(err).toMatch(/which no backup does/)
        expect(await isThere(join(directory, 'to'))).toBe(false)
        expect(await readFile(canary, 'utf8')).toBe('x')
      }
    }))

  it('to write over an installation, and to back up over a file', () =>
    withBackup(async (directory, file) => {
      expect((await restoreInto(directory, file)).code).toBe(0)
      expect(await readdir(join(directory, 'to'))).toEqual(expect.arrayContaining(['vireo.db']))
      const again = await restoreInto(directory, file)
      expect([again.code, again.err]).toEqual([1, expect.stringContaining('is not empty')])
      const environment = { VIREO_DATA_DIR: join(directory, 'from') }
      expect((await vireo(['backup', file], { environment })).err).toContain('is there already')
    }))
})
