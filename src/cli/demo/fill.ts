/** Owns filling an instance: people, films and what is said and done around them. Run twice it adds nothing twice. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { OwnVideo } from '../../../contract/video.ts'
import type { Api } from './client.ts'
import { makeFace, makeFilm } from './clips.ts'
import type { DemoFilm } from './films.ts'
import { demoPeople } from './people.ts'
import type { DemoPerson } from './people.ts'
import { createChance } from './chance.ts'
import { comments, danmakuFor, replies } from './words.ts'

export interface Resident extends DemoPerson {
  readonly id: string
  readonly token: string
}

export interface FillOptions {
  api: Api
  people: readonly Resident[]
  films: readonly DemoFilm[]
  directory: string
  font: string | undefined
  signal: AbortSignal
  progress(line: string): void
}

interface Told {
  readonly film: DemoFilm
  readonly id: string
  readonly index: number
}

export const fill = async (options: FillOptions): Promise<void> => {
  const { progress, films } = options
  await settleIn(options)
  const talkers = options.people.map((person) => createTalker(options, person))
  const waiting = films.map((film, index) => ({ film, index }))
  let done = 0
  const make = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      progress(`films: ${done} of ${films.length}, now ${next.film.title}`)
      const id = await bringFilm(options, next.film, next.index)
      await talkAbout(options, talkers, { ...next, id })
      done++
    }
  }
  await Promise.all([make(), make()])
  progress('films: all there; people are still writing')
  await Promise.all(talkers.map((talker) => talker.idle()))
}

/** Faces, words about oneself, rooms, and who follows whom. */
const settleIn = async ({ api, people, directory, font, signal, progress }: FillOptions): Promise<void> => {
  for (const [seed, person] of people.entries()) {
    progress(`people: ${person.nickname}`)
    const me = await api.call<{ avatar_url: string | null }>('GET', '/me', person.token)
    await api.call('PATCH', '/me', person.token, { signature: person.signature })
    await api.call('PATCH', '/me/room', person.token, person.room)
    if (me.avatar_url !== null) continue
    const face = await makeFace(person, { seed, directory, font, signal })
    await api.sendPicture('/me/avatar', person.token, face, 'image/png')
  }
  if (!(await offers(api, '/users/{id}/follow'))) return
  const chance = createChance(7)
  for (const person of people)
    for (const other of people)
      if (other.id !== person.id && chance.below(10) < 6)
        await api.call('PUT', `/users/${other.id}/follow`, person.token)
}

const bringFilm = async (options: FillOptions, film: DemoFilm, seed: number): Promise<string> => {
  const { api, people, directory, font, signal } = options
  const owner = residentOf(people, film.by)
  const mine = await api.call<{ items: OwnVideo[] }>('GET', '/me/videos?limit=100', owner.token)
  const known = mine.items.find(({ title, state }) => title === film.title && state === 'ready')
  if (known) return known.id
  const file = await makeFilm(film, { seed, directory, font, signal })
  const id = await api.upload(owner.token, file, { title: film.title, category: film.category })
  await api.call('PATCH', `/videos/${id}`, owner.token, { intro: film.intro, tags: film.tags })
  await until(signal, async () => {
    const { state } = await api.call<OwnVideo>('GET', `/videos/${id}`, owner.token)
    if (state === 'failed') throw new Error(`${film.title} could not be processed`)
    return state === 'ready'
  })
  // Frames come a moment after the film; without ffmpeg there are none.
  await until(signal, async () => {
    const { items } = await api.call<{ items: { name: string }[] }>(
      'GET',
      `/videos/${id}/posters`,
      owner.token,
    )
    if (items.length === 0) return false
    await api.call('PUT', `/videos/${id}/cover`, owner.token, { poster: `p${film.cover}` })
    return true
  })
  return id
}

const talkAbout = async (options: FillOptions, talkers: readonly Talker[], told: Told): Promise<void> => {
  const { api, people } = options
  const { film, id, index } = told
  const chance = createChance(index + 1)
  for (const person of people) {
    await api.call('POST', `/videos/${id}/plays`, person.token, {})
    if (chance.below(10) < 3 + (index % 6)) await api.call('PUT', `/videos/${id}/like`, person.token)
  }
  const { counts } = await api.call<OwnVideo>('GET', `/videos/${id}`, people[0]?.token)
  if (counts.danmaku === 0) {
    const words = chance.shuffled(danmakuFor(film.category))
    const count = Math.min(words.length, 12 + chance.below(6) + Math.floor(film.seconds / 3))
    for (const text of words.slice(0, count)) {
      const time = Math.round(chance.below(film.seconds * 1000 - 800)) / 1000
      talkers[chance.below(talkers.length)]?.say(id, { text, time, ...looks(chance.below(100)) })
    }
  }
  if (counts.comments === 0 && (await offers(api, '/videos/{id}/comments'))) await comment(options, told)
}

const comment = async ({ api, people }: FillOptions, { id, index }: Told): Promise<void> => {
  const chance = createChance(index + 100)
  /** Nobody says the same twice within minutes: whoever did so elsewhere leaves it to the next. */
  const say = async (path: string, text: string): Promise<string | undefined> => {
    const first = chance.below(people.length)
    for (let n = 0; n < people.length; n++) {
      const writer = people[(first + n) % people.length]
      try {
        return (await api.call<{ id: string }>('POST', path, writer?.token, { text })).id
      } catch (error) {
        if (!String(error).includes('comment_repeated')) throw error
      }
    }
    return undefined
  }
  for (const text of chance.shuffled(comments).slice(0, 2 + chance.below(4))) {
    const made = await say(`/videos/${id}/comments`, text)
    const answer = replies[chance.below(replies.length)] ?? ''
    if (made !== undefined && chance.below(2) === 0) await say(`/comments/${made}/replies`, answer)
  }
}

/** Most are white and roll by. */
const looks = (n: number): object => {
  const colors = ['#ffd166', '#80ffdb', '#ff70a6', '#90e0ef', '#f9c74f']
  return {
    ...(n < 25 && { color: colors[n % colors.length] }),
    ...(n >= 90 && { mode: n % 2 === 0 ? 'top' : 'bottom' }),
  }
}

/** One person's danmaku, at the pace that the product allows anybody. */
interface Talker {
  say(videoId: string, danmaku: object): void
  idle(): Promise<void>
}

const paceMs = 1_050

const createTalker = ({ api, signal }: FillOptions, person: Resident): Talker => {
  let tail: Promise<void> = Promise.resolve()
  return {
    say(videoId, danmaku) {
      tail = tail.then(async () => {
        await api.call('POST', `/videos/${videoId}/danmaku`, person.token, danmaku)
        await sleep(paceMs, undefined, { signal })
      })
      // Told at the end; until then it must not end the process.
      tail.catch(() => undefined)
    },
    idle: () => tail,
  }
}

const residentOf = (people: readonly Resident[], username: string): Resident => {
  const found = people.find((person) => person.username === username)
  if (found === undefined) throw new Error(`${username} does not live here`)
  return found
}

/** Does this version have the route? */
const offers = async (api: Api, path: string): Promise<boolean> => {
  known ??= fetch(`${api.base}/openapi.json`).then(async (response) => {
    const { paths } = (await response.json()) as { paths: Record<string, unknown> }
    return new Set(Object.keys(paths))
  })
  return (await known).has(`/api/v1${path}`)
}
let known: Promise<Set<string>> | undefined

const until = async (signal: AbortSignal, condition: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 600_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('gave up waiting for a film to be processed')
    await sleep(300, undefined, { signal })
  }
}

export const usernames = demoPeople.map(({ username }) => username)
