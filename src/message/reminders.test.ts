/** Being reminded of announced broadcasts, and being told that one is a moderator: over HTTP on both engine pairs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Notification } from '../../contract/message.ts'
import type { Scheduled } from '../../contract/schedule.ts'
import { createTestApp, enginePairs } from '../../tests/app.ts'
import type { SignedUp, TestApp } from '../../tests/app.ts'

describe.each(enginePairs())('notifications of rooms on $name', (pair) => {
  let test: TestApp
  let owner: SignedUp
  let viewer: SignedUp
  beforeAll(async () => {
    test = await createTestApp({ pair })
    owner = await test.signUp({ nickname: '小莺' })
    viewer = await test.signUp({ nickname: '风' })
  }, 120_000)
  afterAll(() => test[Symbol.asyncDispose]())

  const noticesOf = async (who: SignedUp): Promise<Notification[]> => {
    const { body } = await test.call('GET', '/api/v1/messages?type=system', { token: who.token })
    return (body.data as { items: Notification[] }).items
  }

  it('come ten minutes before, once, and when it is called off', async () => {
    const starts_at = new Date(Date.now() + 8 * 60_000).toISOString()
    const json = { title: '夜谈', starts_at }
    const made = await test.call('POST', '/api/v1/me/room/schedule', { token: owner.token, json })
    const { id } = made.body.data as Scheduled
    const reminder = await test.call('PUT', `/api/v1/schedule/${id}/reminder`, { token: viewer.token })
    expect(reminder.body.data).toMatchObject({ reminders: 1 })
    await expect.poll(async () => (await noticesOf(viewer)).length, { timeout: 40_000 }).toBe(1)
    expect(await noticesOf(viewer)).toMatchObject([
      {
        type: 'system',
        notice: { code: 'live_soon', params: { title: '夜谈', name: '小莺' } },
        subject: { kind: 'room', id: owner.roomId },
      },
    ])
    await test.call('DELETE', `/api/v1/me/room/schedule/${id}`, { token: owner.token })
    await expect.poll(async () => (await noticesOf(viewer)).length, { timeout: 40_000 }).toBe(2)
    expect((await noticesOf(viewer))[0]?.notice?.code).toBe('live_called_off')
    expect(await noticesOf(owner)).toEqual([])
  }, 120_000)

  it('tell who was made a moderator', async () => {
    const path = `/api/v1/live/${owner.roomId}/moderators/${viewer.userId}`
    expect((await test.call('PUT', path, { token: owner.token })).status).toBe(200)
    await expect
      .poll(async () => (await noticesOf(viewer))[0]?.notice, { timeout: 40_000 })
      .toEqual({ code: 'moderator_appointed', params: { name: '小莺' } })
  }, 60_000)
})
