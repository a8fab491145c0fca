/** Owns the promise that a room is one room over two API processes on MariaDB and Redis: no gap, nothing twice. */
import { WebSocket } from 'ws'
import { describe, expect, it } from 'vitest'
import type { RoomSocketServer } from '../../contract/live.ts'
import { enginePairs } from '../app.ts'
import { freePort, startMachine, until } from '../machine.ts'
import type { Machine, Person } from '../machine.ts'
import { publish } from '../publisher.ts'

type Message = RoomSocketServer

const join = async (machine: Machine, room: Person, who?: Person) => {
  const messages: Message[] = []
  const protocols = ['vireo.1', 'batch.1']
  if (who !== undefined) {
    const { data } = await machine.request('POST', '/api/v1/socket_ticket', who.token, {})
    protocols.push(`ticket.${(data as { ticket: string }).ticket}`)
  }
  const socket = new WebSocket(
    `${machine.base.replace('http', 'ws')}/api/v1/live/${room.roomId}/socket`,
    protocols,
  )
  socket.on('message', (data) => {
    const message = JSON.parse((data as Buffer).toString()) as Message
    messages.push(...(message.type === 'batch' ? message.items : [message]))
  })
  await until('the socket greets', () => messages.some(({ type }) => type === 'hello'), 30_000)
  return {
    messages,
    say: (message: object) => socket.send(JSON.stringify(message)),
    ids: () =>
      messages.flatMap((message) => {
        if (message.type === 'hello') return message.history.map(({ id }) => id)
        return message.type === 'danmaku' ? [message.id] : []
      }),
    last: <T extends Message['type']>(type: T) =>
      messages.findLast((message): message is Extract<Message, { type: T }> => message.type === type),
    close: () => socket.terminate(),
  }
}

const shared = enginePairs().filter(({ name }) => name === 'mariadb + redis')

describe.each(shared)('a room over two processes on $name', (pair) => {
  it('shows everybody the same, takes back the same, and counts a viewer once', async () => {
    await using place = await pair.place({ migrated: true })
    const link = `127.0.0.1:${await freePort()}`
    const environment = {
      VIREO_DATABASE_URL: (place.config as { url: string }).url,
      VIREO_REDIS_URL: pair.redisUrl,
      VIREO_SECRET_KEY: 'Kq7-zR2_pL9xWm4vTn8sYb3uHd6fJc1g',
    }
    const common = { ...environment, VIREO_INGEST_LINK: link }
    await using first = await startMachine({ environment: { ...common, VIREO_ROLES: 'api,worker' } })
    await using second = await startMachine({ environment: { ...common, VIREO_ROLES: 'api,worker' } })
    await using ingest = await startMachine({
      environment: { ...common, VIREO_ROLES: 'ingest' },
      hasHttp: false,
    })
    const owner = await first.register()
    const key = await first.request('POST', '/api/v1/me/room/stream_key', owner.token, {})
    const { stream_key: streamKey } = key.data as { stream_key: string }
    await using publisher = publish(`rtmp://127.0.0.1:${ingest.rtmpPort}/live/${streamKey}`, {
      size: '320x180',
    })
    const state = async (machine: Machine) =>
      ((await machine.request('GET', `/api/v1/live/${owner.roomId}`)).data as { state: string }).state
    await until('both know that it is live', async () => (await state(second)) === 'live', 40_000)

    const writers = await Promise.all(Array.from({ length: 4 }, () => first.register()))
    const here = await Promise.all(writers.slice(0, 2).map((who) => join(first, owner, who)))
    const there = await Promise.all(writers.slice(2).map((who) => join(second, owner, who)))
    const readers = [await join(first, owner), await join(second, owner)]
    // One of them watches through both.
    const twice = await join(second, owner, writers[0])
    const joining: ReturnType<typeof join>[] = []
    for (let round = 0; round < 4; round++) {
      for (const [n, socket] of [...here, ...there].entries())
        socket.say({ type: 'danmaku', text: `${round} from ${n}` })
      joining.push(join(first, owner), join(second, owner))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const late = await Promise.all(joining)
    const all = [...here, ...there, ...readers, ...late, twice]
    await until('everybody has all', () => all.every(({ ids }) => new Set(ids()).size === 16), 30_000)
    const expected = [...new Set(readers[0]?.ids())].sort()
    for (const socket of all) expect(socket.ids().sort()).toEqual(expected)

    await until(
      'the viewers are counted',
      () => readers.every((reader) => reader.last('viewers')?.viewers === 4 + 2 + 8),
      30_000,
    )
    await first.request('POST', `/api/v1/live/${owner.roomId}/purges/${writers[3]?.id}`, owner.token, {})
    await until('it vanished everywhere', () => all.every(({ last }) => last('purged') !== undefined), 20_000)
    const after = await join(second, owner)
    expect(after.last('hello')?.history).toHaveLength(12)
    there[1]?.say({ type: 'danmaku', text: 'still here?' })
    await until('it is refused there', () => there[1]?.last('error')?.error === 'muted', 20_000)
    for (const socket of [...all, after]) socket.close()
    await publisher.finish()
  }, 240_000)
})
