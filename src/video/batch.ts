/** Owns doing one thing to several of one's own videos: each by itself, so that one that fails holds up no other. */
import type { z } from 'zod'
import type { ErrorCode } from '../../contract/errors.ts'
import type { batchVideos } from '../../contract/studio.ts'
import { isAppError } from '../platform/errors/app-error.ts'
import type { Videos, Viewer } from './service.ts'
import type { Upkeep } from './upkeep.ts'
import type { Caller } from '../platform/http/route.ts'

export type Batch = z.output<NonNullable<typeof batchVideos.body>>

export interface BatchResult {
  done: string[]
  failed: { id: string; error: ErrorCode }[]
}

const mostTags = 10

export const createBatch = ({ videos, upkeep }: { videos: Videos; upkeep: Upkeep }) => {
  const act = async (id: string, batch: Batch, viewer: Viewer & { caller: Caller }): Promise<void> => {
    const { caller } = viewer
    switch (batch.action) {
      case 'delete': {
        const video = await videos.remove(id, caller)
        return upkeep.cancelJobs(video.id)
      }
      case 'restore': {
        const video = await videos.restore(id, viewer)
        if (video.state === 'processing') await upkeep.mendVideo((await videos.owned(id, caller)).id)
        return
      }
      case 'purge':
        return upkeep.purge((await videos.owned(id, caller, { trashed: true })).id)
      case 'edit': {
        const { add_tags: added, ...change } = batch.change ?? {}
        const before = JSON.parse((await videos.owned(id, caller)).tags) as string[]
        const tags = added && [...new Set([...before, ...added])].slice(0, mostTags)
        // Who may watch was chosen: an hour chosen before does not count any more.
        const more = change.visibility === undefined ? {} : { publish_at_ms: null }
        await videos.change(id, { ...change, ...(tags && { tags }) }, viewer, { more })
      }
    }
  }

  return async (batch: Batch, viewer: Viewer & { caller: Caller }): Promise<BatchResult> => {
    const result: BatchResult = { done: [], failed: [] }
    for (const id of new Set(batch.ids)) {
      try {
        await act(id, batch, viewer)
        result.done.push(id)
      } catch (error) {
        if (!isAppError(error)) throw error
        result.failed.push({ id, error: error.code })
      }
    }
    return result
  }
}
