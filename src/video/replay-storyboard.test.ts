/** The pictures over the seek bar of a replay: drawn, drawn anew, and left out where its recording is gone. */
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readJournal, recordedMs } from '../ingest/index.ts'
import { startIngest } from '../ingest/testing/ingest-fixture.ts'
import type { IngestFixture } from '../ingest/testing/ingest-fixture.ts'
import { testDatabases } from '../platform/db/testing.ts'
import { createVideoTestApp } from './testing.ts'
import type { Person, VideoTestApp } from './testing.ts'

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
  await ingest.publish({ seconds: 4 }).exited()
  await ingest.event('stopped')
  await ingest.link.end('session1')
})
afterAll(() => ingest[Symbol.asyncDispose]())

describe.each(testDatabases())('the storyboard of a replay on $name', (engine) => {
  let app: VideoTestApp
  let ann: Person
  beforeAll(async () => {
    app = await createVideoTestApp(engine)
    ann = await app.signUp()
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const videoOf = (sessionId: string) =>
    app.db
      .selectFrom('video')
      .select(['id', 'public_id', 'storyboard'])
      .where('live_session_id', '=', sessionId)
      .executeTakeFirstOrThrow()

  /** As live does when a session has ended; waits for what is made of it. */
  const end = async (sessionId: string, durationMs: number) => {
    await app.db.transaction(async (trx) => {
      await app.service.createReplay(trx, {
        ...{ ownerId: ann.id, roomTitle: '晚上好', category: 'game', visibility: 'public' },
        ...{ sessionId, startedMs: Date.now() },
      })
      const figures = { durationMs, sizeBytes: 1000, width: 320, height: 180 }
      await app.service.updateReplay(trx, sessionId, figures)
      await app.service.finishReplay(trx, sessionId)
    })
    const { id } = await videoOf(sessionId)
    for (;;) {
      const job = await app.jobs.getByKey('video.storyboard', id)
      if (job?.state === 'done') return videoOf(sessionId)
      expect(['queued', 'running']).toContain(job?.state)
      await sleep(50)
    }
  }
  const filesOf = async ({ public_id: publicId }: { public_id: string }): Promise<string[]> =>
    (await app.blobs.list(`videos/${publicId}/`)).items.map(({ key }) => key)

  it('is drawn, and drawn anew when it has grown', async () => {
    const directory = join(app.config.recordingsDir, 'evening')
    await cp(join(ingest.recordingsDir, 'session1'), directory, { recursive: true })
    const lengthMs = Math.round(recordedMs((await readJournal(directory)) ?? expect.fail('no journal')))
    const first = await end('evening', lengthMs - 1500)
    const names = (key: string | null) => [`${key}/s1.jpg`, `${key}/storyboard.vtt`]
    expect(await filesOf(first)).toEqual(names(first.storyboard))
    const second = await end('evening', lengthMs)
    expect(second.storyboard).not.toBe(first.storyboard)
    expect(await filesOf(second)).toEqual(names(second.storyboard))
    const index = await (await fetch(`${app.base}/play/videos/${second.public_id}/storyboard.vtt`)).text()
    expect(index.match(/-->/g)).toHaveLength(Math.ceil(lengthMs / 1000))

    // The recording is gone: what was drawn of it stays, nothing fails.
    await rm(directory, { recursive: true })
    expect(await end('evening', lengthMs)).toEqual(second)
    expect(await filesOf(second)).toEqual(names(second.storyboard))
  })

  it('is none where nothing can be read', async () => {
    const video = await end('nothing', 12_000)
    expect(video.storyboard).toBeNull()
    expect(await filesOf(video)).toEqual([])
  })
})
