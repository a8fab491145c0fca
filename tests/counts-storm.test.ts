/** Owns the promise that counts are never wrong: a hundred clients at once, the API killed among them, and every count is the number of its rows. */
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { settingsOf, vireo } from './cli.ts'
import { clip } from './fixtures/clips.ts'
import { startMachine, until } from './machine.ts'
import type { Machine, Person } from './machine.ts'
import { uploadFilm } from './upload.ts'

const clients = 100
const people = 12
const kills = 2
const betweenKillsMs = 1500

const publish = async (machine: Machine, by: Person): Promise<string> => {
  const { data } = await machine.request('POST', '/api/v1/posts', by.token, { text: `${by.id} 说` })
  return (data as { id: string }).id
}

it('keeps every count equal to its rows through a storm with kills', async () => {
  await using machine = await startMachine()
  const persons: Person[] = []
  for (let n = 0; n < people; n++) persons.push(await machine.register())
  const posts = await Promise.all(persons.slice(0, 3).map((person) => publish(machine, person)))
  const videos: string[] = []
  for (const person of persons.slice(0, 3)) {
    videos.push(await uploadFilm(machine, person, clip('plain.mp4'), `${person.id} 的片子`))
  }

  const one = <T>(list: readonly T[]): T => list[randomInt(list.length)] as T
  let answered = 0
  let over = false
  const acts: ((by: Person) => [method: string, path: string, body?: object])[] = [
    () => ['PUT', `/api/v1/videos/${one(videos)}/like`],
    () => ['DELETE', `/api/v1/videos/${one(videos)}/like`],
    () => ['PUT', `/api/v1/videos/${one(videos)}/favourite`],
    () => ['DELETE', `/api/v1/videos/${one(videos)}/favourite`],
    () => ['POST', `/api/v1/videos/${one(videos)}/coin`, { amount: 1 + randomInt(2) }],
    () => ['POST', `/api/v1/videos/${one(videos)}/triple`, {}],
    () => ['POST', `/api/v1/videos/${one(videos)}/share`, {}],
    () => ['POST', `/api/v1/videos/${one(videos)}/comments`, { text: `第 ${randomInt(1e9)} 句` }],
    () => [
      'POST',
      `/api/v1/videos/${one(videos)}/danmaku`,
      { text: `${randomInt(1e9)}`, time: randomInt(6) },
    ],
    () => ['PUT', `/api/v1/users/${one(persons).id}/follow`],
    () => ['DELETE', `/api/v1/users/${one(persons).id}/follow`],
    () => ['PUT', `/api/v1/posts/${one(posts)}/like`],
    () => ['DELETE', `/api/v1/posts/${one(posts)}/like`],
    () => ['POST', `/api/v1/posts/${one(posts)}/comments`, { text: `说 ${randomInt(1e9)}` }],
    () => ['PUT', `/api/v1/comments/${one(comments)}/like`],
    () => ['DELETE', `/api/v1/comments/${one(comments)}`],
    () => ['POST', `/api/v1/comments/${one(comments)}/replies`, { text: `回 ${randomInt(1e9)}` }],
  ]
  const comments: string[] = ['none']
  const client = async (): Promise<void> => {
    while (!over) {
      const by = one(persons)
      const [method, path, body] = one(acts)(by)
      try {
        const { status, data } = await machine.request(
          method,
          path,
          by.token,
          body ?? (method === 'GET' ? undefined : {}),
        )
        expect([200, 400, 403, 404, 409, 429, 503], `${method} ${path}: ${status}`).toContain(status)
        if (status === 200) answered++
        if (status === 200 && path.endsWith('/comments')) comments.push((data as { id: string }).id)
      } catch (error) {
        // The connection went with the process that was killed.
        if (!(error instanceof TypeError)) throw error
        await sleep(100)
      }
    }
  }
  const running = Array.from({ length: clients }, client)
  for (let n = 0; n < kills; n++) {
    const before = answered
    await until('the storm goes on', () => answered > before + 100, 60_000)
    await sleep(betweenKillsMs)
    const pid = await machine.pidOf('vireo-api')
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
    await until(
      'the API is back',
      async () => {
        const now = await machine.pidOf('vireo-api')
        return (
          now !== undefined &&
          now !== pid &&
          (await fetch(`${machine.base}/readyz`).catch(() => undefined))?.ok === true
        )
      },
      90_000,
    )
  }
  over = true
  await Promise.all(running)
  expect(answered).toBeGreaterThan(300)

  const { out } = await vireo(['doctor', '--json', '--counts'], { environment: settingsOf(machine) })
  const { checks } = JSON.parse(out) as { checks: { name: string; state: string; about: string }[] }
  const counts = checks.filter(({ name }) => name === 'counts')
  expect(counts.length).toBeGreaterThan(15)
  expect(counts.filter(({ state }) => state !== 'ok')).toEqual([])
}, 600_000)
