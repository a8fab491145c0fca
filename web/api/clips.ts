/** Owns everything the web asks about clips. */
import { useMutation, useQuery } from '@tanstack/vue-query'
import type { z } from 'zod'
import { getClipSource, listPeaks, makeClip } from '../../contract/clip.ts'
import { call } from './client.ts'

export type ClipRequest = z.input<NonNullable<(typeof makeClip)['body']>>

export const useClipMaking = (room: () => string) =>
  useMutation({ mutationFn: (body: ClipRequest) => call(makeClip, { params: { id: room() }, body }) })

export const usePeaks = (room: () => string, enabled: () => boolean) =>
  useQuery({
    queryKey: ['peaks', room],
    queryFn: ({ signal }) => call(listPeaks, { params: { id: room() } }, { signal }),
    enabled,
    staleTime: 0,
  })

export const useClipSource = (video: () => string, enabled: () => boolean) =>
  useQuery({
    queryKey: ['clip-source', video],
    queryFn: ({ signal }) => call(getClipSource, { params: { id: video() } }, { signal }),
    enabled,
    staleTime: 60_000,
  })
