/** Owns the promise that taking access away reaches what is open: sockets and a running broadcast, within seconds. */
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { enginePairs } from './app.ts'
import { startMachine, until } from './machine.ts'
import type { Machine, Person } from './machine.ts'
import { publish } from './publisher.ts'

const promisedMs = 5_000

const openSocket = async (machine: Machine, path: string, token: string) => {
  const { data } = await machine.request('POST', '/api/v1/socket_ticket', token)
  const { ticket } = data as { ticket: string }
  const url = `${machine.base.replace('http', 'ws')}/api/v1${path}`
  const socket = new WebSocket(url, ['vireo.1', `ticket.${ticket}`])
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return { socket, closed }
}

const goLive = async (machine: Machine, person: Person) => {
  const { data } = await machine.request('POST', '/api/v1/me/room/stream_key', person.token, {})
  const { stream_key: key } = data as { stream_key: string }
  const publisher = publish(`rtmp://127.0.0.1:${machine.rtmpPort}/live/${key}`, { size: '320x180', gop: 30 })
  const stateOf = async () =>
    ((await machine.request('GET', `/api/v1/live/${person.roomId}`)).data as { state: string }).state
  await until('the room is live', async () => (await stateOf()) === 'live', 40_000)
  return publisher
}

const login = async (machine: Machine, { mobile, password }: Person): Promise<string> => {
  const { data } = await machine.request('POST', '/api/v1/passport/login', undefined, {
    account: mobile,
    password,
  })
  return (data as { access_token: string }).access_token
}

describe.each(enginePairs())('what is open on $name', (pair) => {
  it('security.md #30: ends within five seconds of signing out all others, of a ban and of a deletion', async () => {
    await using place = await pair.place({ migrated: true })
    const database =
      place.config.kind === 'mysql'
        ? { VIREO_DATABASE_URL: place.config.url, VIREO_REDIS_URL: pair.redisUrl }
        : {}
    await using machine = await startMachine({ environment: database })
    const token = /setup\?token=([\w-]+)/.exec(machine.output())?.[1] ?? ''
    const setup = { token, mobile: '13700000001', password: 'a-Good-one-9' }
    const made = await machine.request('POST', '/api/v1/setup', undefined, setup)
    const { access_token: admin } = made.data as { access_token: string }

    const ends: Record<string, (person: Person, other: string) => Promise<{ status: number }>> = {
      'signing out all others': (_person, other) =>
        machine.request('DELETE', '/api/v1/passport/sessions', other),
      'a ban': (person) =>
        machine.request('PUT', `/api/v1/admin/users/${person.id}/ban`, admin, { reason: 'a test' }),
      'a deletion': (person, other) =>
        machine.request('DELETE', '/api/v1/me', other, { current_password: person.password }),
    }
    for (const [what, end] of Object.entries(ends)) {
      const person = await machine.register()
      const other = await login(machine, person)
      await using publisher = await goLive(machine, person)
      const sockets = [
        await openSocket(machine, '/socket', person.token),
        await openSocket(machine, `/live/${person.roomId}/socket`, person.token),
      ]
      const answer = await end(person, other)
      const answeredMs = Date.now()
      expect(answer.status, what).toBe(200)
      const codes = await Promise.all(sockets.map(({ closed }) => closed))
      await publisher.exited
      expect(Date.now() - answeredMs, what).toBeLessThan(promisedMs)
      expect(codes, what).toEqual([1008, 1008])
      expect((await machine.request('GET', '/api/v1/me', person.token)).status, what).toBe(401)
    }
  }, 180_000)
})
