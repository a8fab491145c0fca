/** Owns the promises about machines that do only a part: who does what, and what they refuse. */
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { enginePairs } from './app.ts'
import { clip } from './fixtures/clips.ts'
import { freePort, startMachine, until } from './machine.ts'
import type { Machine } from './machine.ts'
import { publish } from './publisher.ts'

const shared = enginePairs().filter(({ name }) => name === 'mariadb + redis')

describe.each(shared)('several machines on $name', (pair) => {
  it('an upload to the one is turned into a video by the other', async () => {
    await using place = await pair.place({ migrated: true })
    const environment = {
      VIREO_DATABASE_URL: (place.config as { url: string }).url,
      VIREO_REDIS_URL: pair.redisUrl,
    }
    await using api = await startMachine({ environment: { ...environment, VIREO_ROLES: 'api,ingest' } })
    const person = await api.register()
    const bytes = await readFile(clip('plain.mp4'))
    const made = await fetch(`${api.base}/api/v1/uploads`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${person.token}`,
        'tus-resumable': '1.0.0',
        'upload-length': String(bytes.length),
        'upload-metadata': `title ${Buffer.from('x').toString('base64')}`,
        'content-type': 'application/offset+octet-stream',
      },
      body: bytes,
    })
    const id = made.headers.get('vireo-video-id') ?? ''
    const job = async () => (await api.request('GET', `/api/v1/videos/${id}/job`, person.token)).data
    // Longer than any worker looks away: nobody here takes it.
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(await job()).toMatchObject({ state: 'waiting' })

    const worker = await startMachine({
      dataDir: api.dataDir,
      environment: { ...environment, VIREO_ROLES: 'worker' },
    })
    try {
      await until('the worker has made it', async () => ((await job()) as { state: string }).state === 'done')
      expect((await fetch(`${worker.base}/healthz`)).status).toBe(200)
      expect((await fetch(`${worker.base}/metrics`)).status).toBe(200)
      expect((await fetch(`${worker.base}/api/v1/site`)).status).toBe(404)
      expect(await worker.pidOf('vireo-worker')).toBeGreaterThan(0)
      expect(await api.pidOf('vireo-worker')).toBeUndefined()
      await expect(
        startMachine({ dataDir: api.dataDir, environment: { ...environment, VIREO_ROLES: 'worker' } }),
      ).rejects.toThrow(/already runs/)
    } finally {
      expect(await worker.stop()).toBe(0)
    }
  })
})

describe('an ingest machine of its own', () => {
  const roomState = async (machine: Machine, roomId: string): Promise<string> =>
    ((await machine.request('GET', `/api/v1/live/${roomId}`)).data as { state: string }).state

  it('reaches the API over TCP with the shared secret, and nobody without it', async () => {
    const link = `127.0.0.1:${await freePort()}`
    const common = { VIREO_INGEST_LINK: link, VIREO_SECRET_KEY: 'Kq7-zR2_pL9xWm4vTn8sYb3uHd6fJc1g' }
    await using api = await startMachine({ environment: { ...common, VIREO_ROLES: 'api,worker' } })
    await using ingest = await startMachine({
      environment: { ...common, VIREO_ROLES: 'ingest' },
      hasHttp: false,
    })
    expect(await ingest.pidOf('vireo-api')).toBeUndefined()
    const person = await api.register()
    const key = async (): Promise<string> =>
      (
        (await api.request('POST', '/api/v1/me/room/stream_key', person.token, {})).data as {
          stream_key: string
        }
      ).stream_key
    await using publisher = publish(`rtmp://127.0.0.1:${ingest.rtmpPort}/live/${await key()}`, {
      size: '320x180',
    })
    await until('the room is live', async () => (await roomState(api, person.roomId)) === 'live')
    const { data } = await api.request('GET', `/api/v1/live/${person.roomId}`)
    const { play } = data as { play: { hls: string } }
    await until('it can be watched', async () => (await fetch(`${api.base}${play.hls}`)).ok)
    await publisher.finish()

    const stranger = { ...common, VIREO_SECRET_KEY: 'Zx5-other_Key9wQe2rTy7uIo1pAs4dFg' }
    await using other = await startMachine({ environment: { ...stranger, VIREO_ROLES: 'api,worker' } })
    await until('it was turned away', () => /the secret is wrong|no link to ingest/.test(other.output()))
    const missing = (await other.request('GET', '/api/v1/site')).data as { missing: string[] }
    expect(missing.missing).toContain('ingest')
  })
})
