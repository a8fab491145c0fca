/** Owns which danmaku of a video are loaded: blocks of 60 s, the present one and the next ahead of the playhead. */
import type { Danmaku } from '../../api/shapes.ts'

export const blockS = 60
// The next block is asked for this long before the playhead reaches it.
const aheadS = 20
const retryMs = 5000

export interface RangeOptions {
  read: (from: number, to: number) => Promise<Danmaku[]>
  nowMs?: () => number
  onLoaded?: (items: readonly Danmaku[]) => void
}

export interface Ranges {
  /** Says where the playhead is; loads what is missing there. */
  want(position: number): void
  /** Those with from ≤ media_time < to, in order. */
  between(from: number, to: number): Danmaku[]
  /** Adds one that was written just now. */
  add(item: Danmaku): void
  remove(id: string): void
  all(): Danmaku[]
}

type Block = { state: 'loading' } | { state: 'failed'; atMs: number } | { state: 'loaded' }

export const createRanges = ({ read, nowMs = Date.now, onLoaded }: RangeOptions): Ranges => {
  const blocks = new Map<number, Block>()
  const items = new Map<string, Danmaku>()
  let sorted: Danmaku[] | undefined

  const put = (fresh: readonly Danmaku[]): void => {
    for (const item of fresh) items.set(item.id, item)
    sorted = undefined
  }

  const load = async (index: number): Promise<void> => {
    const block = blocks.get(index)
    if (block && (block.state !== 'failed' || nowMs() - block.atMs < retryMs)) return
    blocks.set(index, { state: 'loading' })
    try {
      const fresh = await read(index * blockS, (index + 1) * blockS)
      put(fresh)
      blocks.set(index, { state: 'loaded' })
      onLoaded?.(fresh)
    } catch {
      // The next tick of the playhead asks again, but not at once.
      blocks.set(index, { state: 'failed', atMs: nowMs() })
    }
  }

  const ordered = (): Danmaku[] =>
    (sorted ??= [...items.values()].sort((a, b) => a.media_time - b.media_time))

  return {
    want: (position) => {
      const index = Math.floor(Math.max(0, position) / blockS)
      void load(index)
      if (position >= (index + 1) * blockS - aheadS) void load(index + 1)
    },
    between: (from, to) => ordered().filter((item) => item.media_time >= from && item.media_time < to),
    add: (item) => put([item]),
    remove: (id) => {
      if (items.delete(id)) sorted = undefined
    },
    all: () => ordered(),
  }
}
