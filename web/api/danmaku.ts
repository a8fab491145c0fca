/** Owns reading, writing and deleting danmaku over HTTP. */
import type { z } from 'zod'
import { deleteDanmaku, listLiveDanmaku, listVideoDanmaku, postVideoDanmaku } from '../../contract/danmaku.ts'
import type { Danmaku } from './shapes.ts'
import { call } from './client.ts'

export type DanmakuDraft = z.input<NonNullable<(typeof postVideoDanmaku)['body']>>

/** The danmaku of a video from `from` up to `to` seconds. */
export const videoDanmaku = async (
  id: string,
  from: number,
  to: number,
  signal?: AbortSignal,
): Promise<Danmaku[]> =>
  (await call(listVideoDanmaku, { params: { id }, query: { from, to } }, { signal })).items

/** The danmaku of a room's running session from `from` up to `to` seconds. */
export const liveDanmaku = async (id: string, from: number, to: number): Promise<Danmaku[]> =>
  (await call(listLiveDanmaku, { params: { id }, query: { from, to } })).items

export const writeVideoDanmaku = (id: string, body: DanmakuDraft): Promise<Danmaku> =>
  call(postVideoDanmaku, { params: { id }, body })

export const removeDanmaku = (id: string): Promise<null> => call(deleteDanmaku, { params: { id } })
