/** Owns what the web asks about curating danmaku: the curve, an author's list, protecting, locking, files. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import type { z } from 'zod'
import {
  exportDanmaku,
  getDensity,
  importDanmaku,
  listOwnDanmaku,
  lockDanmaku,
  protectDanmaku,
  unlockDanmaku,
  unprotectDanmaku,
} from '../../contract/danmaku-curation.ts'
import type { ownDanmaku } from '../../contract/danmaku-curation.ts'
import { t } from '../i18n/text.ts'
import { pathOf } from './call.ts'
import { call } from './client.ts'
import { language } from './language.ts'
import { freshToken } from './session.ts'
import { removeDanmaku } from './danmaku.ts'

export type OwnDanmaku = z.output<typeof ownDanmaku>
const start: string | undefined = undefined as string | undefined

export const useDensity = (id: () => string, enabled: () => boolean) =>
  useQuery({
    queryKey: ['density', id],
    queryFn: ({ signal }) => call(getDensity, { params: { id: id() } }, { signal }),
    enabled,
    staleTime: 60_000,
  })

export const useOwnDanmaku = (id: () => string, enabled: () => boolean) =>
  useInfiniteQuery({
    queryKey: ['own-danmaku', id],
    queryFn: ({ pageParam, signal }) =>
      call(listOwnDanmaku, { params: { id: id() }, query: { limit: 50, cursor: pageParam } }, { signal }),
    initialPageParam: start,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    enabled,
  })

export const useDanmakuCuration = (id: () => string) => {
  const client = useQueryClient()
  const change = <T, R>(mutationFn: (input: T) => Promise<R>) =>
    useMutation({
      mutationFn,
      onSuccess: () =>
        Promise.all(
          ['own-danmaku', 'density', 'video'].map((key) => client.invalidateQueries({ queryKey: [key] })),
        ),
    })
  return {
    protect: change(({ danmaku, on }: { danmaku: string; on: boolean }) =>
      on
        ? call(protectDanmaku, { params: { id: danmaku }, body: {} })
        : call(unprotectDanmaku, { params: { id: danmaku } }),
    ),
    remove: change((danmaku: string) => removeDanmaku(danmaku)),
    lock: change((on: boolean) =>
      on
        ? call(lockDanmaku, { params: { id: id() }, body: {} })
        : call(unlockDanmaku, { params: { id: id() } }),
    ),
    bring: change((file: File) => call(importDanmaku, { params: { id: id() }, file })),
  }
}

/** All danmaku of a video as a file. */
export const readDanmakuFile = async (id: string, format: 'xml' | 'json' | 'ass'): Promise<Blob> => {
  const token = await freshToken()
  const path = pathOf(exportDanmaku.path, { params: { id }, query: { format } })
  const response = await fetch(path, {
    headers: { 'Accept-Language': language(), ...(token && { Authorization: `Bearer ${token}` }) },
  })
  if (!response.ok) throw new Error(t('error.list_title'))
  return response.blob()
}
