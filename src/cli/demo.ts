/** Owns `vireo demo`: an instance that looks lived in, made by the product's own means. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAccounts } from './accounts.ts'
import type { Accounts } from './accounts.ts'
import { CommandError } from './command.ts'
import type { Call, Command } from './command.ts'
import { createApi } from './demo/client.ts'
import type { Api } from './demo/client.ts'
import { findFont } from './demo/clips.ts'
import { fill, usernames } from './demo/fill.ts'
import { demoFilms } from './demo/films.ts'
import { findMachine } from './demo/machine.ts'
import { keepOnAir } from './demo/on-air.ts'
import { demoPeople } from './demo/people.ts'
import type { DemoPerson } from './demo/people.ts'

export const demo: Command = {
  name: 'demo',
  usage: '[--live]',
  about: 'Fills a new instance with people, films and danmaku, so that one can see what it is.',
  details: [
    'It works beside a running Vireo, or starts one for as long as it takes. Run again it adds only what is missing.',
    'ffmpeg makes the films. With --live, two rooms are on air with chatter until Ctrl-C.',
  ],
  options: {
    live: { about: 'keeps two rooms on air until it is interrupted' },
    yes: { about: 'also where real people have registered' },
  },
  words: [0, 0],
  run: (call) => run(call),
}

const run = async (call: Call): Promise<void> => {
  const { config, signal, say } = call
  await using machine = await findMachine(config, signal)
  await using accounts = await openAccounts(config)
  if (call.options['yes'] !== true && (await accounts.hasOthers(usernames)))
    throw new CommandError('real people have registered here: --yes adds the demo beside them')
  const api = createApi(machine.base, signal)
  const isLive = call.options['live'] === true
  const password = randomBytes(9).toString('base64url')
  await using keys = createKeys(accounts, password)
  await assertSame(api, await keys.tokenOf(demoPeople[0] as DemoPerson))
  await fillIn(call, api, keys)
  say(`${demoPeople.length} people, ${demoFilms.length} films: ${machine.base}`)
  if (keys.made > 0) say(`sign in as ${demoPeople[0]?.username} or any of them; password: ${password}`)
  if (!isLive) return
  const rtmpUrl = (key: string): string => `rtmp://127.0.0.1:${config.rtmpPort}/live/${key}`
  await keepOnAir({
    api,
    people: demoPeople,
    tokenOf: (person) => keys.tokenOf(person),
    rtmpUrl,
    signal,
    say,
  })
}

const fillIn = async (call: Call, api: Api, keys: Keys): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'vireo-demo-'))
  try {
    const people = []
    for (const person of demoPeople) {
      const token = await keys.tokenOf(person)
      const { id } = await api.call<{ id: string }>('GET', '/me', token)
      people.push({ ...person, id, token })
    }
    const { signal, progress } = call
    await fill({ api, people, films: demoFilms, directory, font: await findFont(), signal, progress })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Another instance on the same port would not know our keys. */
const assertSame = async (api: Api, token: string): Promise<void> => {
  try {
    await api.call('GET', '/me', token)
  } catch (error) {
    throw new CommandError(`what answers at ${api.base} is not this installation`, { cause: error })
  }
}

const freshMs = 10 * 60_000

/** Sessions of the demo's people, made anew before they grow old and ended with the command. */
interface Keys extends AsyncDisposable {
  tokenOf(person: DemoPerson): Promise<string>
  /** Accounts that were not there before. */
  readonly made: number
}

const createKeys = (accounts: Accounts, password: string): Keys => {
  const open = new Map<
    string,
    { token: string; session: { userId: string; sessionId: string }; atMs: number }
  >()
  let made = 0
  return {
    get made() {
      return made
    },
    async tokenOf(person) {
      const known = open.get(person.username)
      if (known && Date.now() - known.atMs < freshMs) return known.token
      const { session, isNew } = await accounts.open({ ...person, password })
      if (isNew) made++
      open.set(person.username, {
        token: session.accessToken,
        session,
        atMs: Date.now(),
      })
      if (known) await accounts.revoke(known.session)
      return session.accessToken
    },
    async [Symbol.asyncDispose]() {
      for (const { session } of open.values()) await accounts.revoke(session)
    },
  }
}
