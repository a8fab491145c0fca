import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { settingsOf, vireo } from '../../tests/cli.ts'
import { startMachine, until } from '../../tests/machine.ts'
import { createApi } from './demo/client.ts'
import { fill } from './demo/fill.ts'
import { demoFilms } from './demo/films.ts'
import { demoPeople } from './demo/people.ts'

interface Listed {
  items: {
    title: string
    cover_url: string | null
    width: number
    height: number
    duration: number
    counts: { danmaku: number; likes: number; plays: number }
    author: { nickname: string; avatar_url: string | null }
  }[]
}

describe('vireo demo', () => {
  it('names people and films that belong together', () => {
    const usernames = demoPeople.map(({ username }) => username)
    expect(new Set(usernames).size).toBe(12)
    expect(new Set(demoFilms.map(({ title }) => title)).size).toBe(24)
    for (const film of demoFilms) {
      expect(usernames).toContain(film.by)
      expect([film.title, film.seconds >= 8 && film.seconds <= 60]).toEqual([film.title, true])
      expect([film.title, [...film.title].length <= 80]).toEqual([film.title, true])
    }
  })

  it('refuses where real people have registered', async () => {
    await using machine = await startMachine()
    await machine.register()
    const { code, err } = await vireo(['demo'], { environment: settingsOf(machine) })
    expect([code, err]).toEqual([1, expect.stringContaining('--yes')])
  })

  it('fills a running instance with real films, danmaku and faces, and adds nothing twice', async () => {
    await using machine = await startMachine()
    const directory = await mkdtemp(join(tmpdir(), 'vireo-demo-test-'))
    const { signal } = new AbortController()
    const api = createApi(machine.base, signal)
    // Two people and their two films: all twenty-four are a matter of minutes.
    const films = demoFilms.filter(({ title }) => title === '像素雨' || title === '三分钟里只说一件事')
    try {
      const people = []
      for (const film of films) {
        const person = demoPeople.find(({ username }) => username === film.by)
        const { id, token } = await machine.register()
        if (person) people.push({ ...person, id, token })
      }
      const options = { api, people, films, directory, font: undefined, signal, progress: () => undefined }
      await fill(options)
      const list = async () => (await machine.request('GET', '/api/v1/videos')).data as Listed
      await until('plays are counted', async () =>
        (await list()).items.every(({ counts }) => counts.plays === 2),
      )
      const first = await list()
      expect(first.items.map(({ title }) => title).sort()).toEqual(films.map(({ title }) => title).sort())
      for (const film of first.items) {
        expect(film.cover_url).not.toBeNull()
        expect(film.author.avatar_url).not.toBeNull()
        expect(film.counts.danmaku).toBeGreaterThan(10)
        const made = films.find(({ title }) => title === film.title)
        expect(Math.abs(film.duration - (made?.seconds ?? 0))).toBeLessThan(0.5)
        expect(film.height > film.width).toBe(made?.picture.portrait === true)
      }
      await fill(options)
      expect((await list()).items.map(({ counts }) => counts)).toEqual(
        first.items.map(({ counts }) => counts),
      )
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})
