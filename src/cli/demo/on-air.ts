/** Owns `demo --live`: two rooms on air over real RTMP, with people who talk over the rooms' sockets. */
import { setTimeout as sleep } from 'node:timers/promises'
import { socketProtocol } from '../../../contract/live.ts'
import type { OwnRoom } from '../../../contract/live.ts'
import { createChance } from './chance.ts'
import type { Api } from './client.ts'
import { publishPicture } from './clips.ts'
import { demoFilms } from './films.ts'
import type { DemoPerson } from './people.ts'
import { chatter } from './words.ts'

export interface OnAirOptions {
  api: Api
  /** Hosts first. */
  people: readonly DemoPerson[]
  /** A fresh access token: they do not live long. */
  tokenOf(person: DemoPerson): Promise<string>
  rtmpUrl(streamKey: string): string
  signal: AbortSignal
  say(line: string): void
}

const hosts = [2, 3]
const guestsPerRoom = 4
const pictures = [16, 0]

/** Until it is interrupted. */
export const keepOnAir = async (options: OnAirOptions): Promise<void> => {
  const rooms = hosts.flatMap((host, n) => {
    const person = options.people[host]
    const guests = options.people.filter((_, index) => !hosts.includes(index) && index % hosts.length === n)
    return person === undefined ? [] : [{ host: person, guests: guests.slice(0, guestsPerRoom), n }]
  })
  await Promise.all(
    rooms.map(async ({ host, guests, n }) => {
      const { id } = await options.api.call<OwnRoom>('GET', '/me/room', await options.tokenOf(host))
      options.say(`on air: ${host.room.title} (${host.nickname}), ${options.api.base}/live/${id}`)
      const talking = guests.map((guest, index) => talk(options, guest, id, n * 10 + index))
      await Promise.all([publish(options, host, n), ...talking])
    }),
  )
}

/** Publishes; comes back when the publisher ends before its time. */
const publish = async (options: OnAirOptions, host: DemoPerson, n: number): Promise<void> => {
  const { api, signal } = options
  const picture = demoFilms[pictures[n] ?? 0]?.picture
  while (!signal.aborted && picture !== undefined) {
    const { stream_key: key } = await api.call<{ stream_key: string }>(
      'POST',
      '/me/room/stream_key',
      await options.tokenOf(host),
      {},
    )
    const child = publishPicture(picture, n + 3, options.rtmpUrl(key))
    const quit = (): void => void child.stdin?.write('q')
    signal.addEventListener('abort', quit)
    await new Promise((resolve) => child.once('close', resolve))
    signal.removeEventListener('abort', quit)
    await pause(2_000, signal)
  }
}

/** Says something now and then; comes back when the socket closes. */
const talk = async (
  options: OnAirOptions,
  guest: DemoPerson,
  roomId: string,
  seed: number,
): Promise<void> => {
  const { api, signal } = options
  const chance = createChance(seed + 50)
  while (!signal.aborted) {
    const token = await options.tokenOf(guest).catch(() => undefined)
    const given = await api
      .call<{ ticket: string }>('POST', '/socket_ticket', token, {})
      .catch(() => undefined)
    if (given !== undefined) {
      const address = `${api.base.replace(/^http/, 'ws')}/api/v1/live/${roomId}/socket`
      const socket = new WebSocket(address, [socketProtocol, `ticket.${given.ticket}`])
      await chat(socket, chance, signal)
    }
    await pause(3_000, signal)
  }
}

const chat = async (
  socket: WebSocket,
  chance: ReturnType<typeof createChance>,
  signal: AbortSignal,
): Promise<void> => {
  const over = new AbortController()
  socket.addEventListener('close', () => over.abort())
  socket.addEventListener('error', () => over.abort())
  const ended = AbortSignal.any([over.signal, signal])
  while (!ended.aborted) {
    await pause(3_000 + chance.below(7_000), ended)
    if (ended.aborted || socket.readyState !== WebSocket.OPEN) continue
    const text = chatter[chance.below(chatter.length)]
    socket.send(JSON.stringify({ type: 'danmaku', text }))
  }
  socket.close()
}

const pause = (ms: number, signal: AbortSignal): Promise<unknown> =>
  sleep(ms, undefined, { signal }).catch(() => undefined)
