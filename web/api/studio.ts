/** Owns what the web asks of captions and of several videos at once. */
import { useMutation, useQueryClient } from '@tanstack/vue-query'
import type { z } from 'zod'
import { deleteCaption, uploadCaption } from '../../contract/caption.ts'
import { batchVideos } from '../../contract/studio.ts'
import { call } from './client.ts'

export type BatchInput = z.input<NonNullable<(typeof batchVideos)['body']>>

const useChange = <T, R>(mutationFn: (input: T) => Promise<R>) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn,
    onSuccess: () =>
      Promise.all(
        ['my-videos', 'video', 'videos', 'user-videos', 'my-storage'].map((key) =>
          client.invalidateQueries({ queryKey: [key] }),
        ),
      ),
  })
}

export const useCaptionUpload = () =>
  useChange(({ id, lang, label, file }: { id: string; lang: string; label: string; file: File }) =>
    call(uploadCaption, { params: { id }, query: { lang, label }, file }),
  )
export const useCaptionDelete = () =>
  useChange(({ id, lang }: { id: string; lang: string }) => call(deleteCaption, { params: { id, lang } }))
export const useBatch = () => useChange((body: BatchInput) => call(batchVideos, { body }))
