/** Who shares a turn of the disk, and who must wait for the next. */
import type { fdatasync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'

const calls: ((error: Error | null) => void)[] = []
vi.mock(import('node:fs'), async (original) => ({
  ...(await original()),
  fdatasync: ((_fd: number, done: (error: Error | null) => void) =>
    void calls.push(done)) as typeof fdatasync,
}))
const { createGroupSync } = await import('./group-sync.ts')

it('begins a new turn for those who came while one was under way, and one for all of them', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vireo-sync-'))
  try {
    const file = join(directory, 'log')
    await writeFile(file, 'x')
    const sync = createGroupSync(file)
    const order: string[] = []
    const wait = (name: string): Promise<unknown> =>
      sync.done().then(
        () => order.push(name),
        (error: Error) => order.push(`${name}: ${error.message}`),
      )
    const first = wait('first')
    const [second, third] = [wait('second'), wait('third')]
    expect(calls).toHaveLength(1)
    calls[0]?.(null)
    await first
    await vi.waitUntil(() => calls.length === 2)
    expect(order).toEqual(['first'])
    const fourth = wait('fourth')
    calls[1]?.(new Error('EIO'))
    await Promise.all([second, third])
    expect(order).toEqual(['first', 'second: EIO', 'third: EIO'])
    await vi.waitUntil(() => calls.length === 3)
    calls[2]?.(null)
    await fourth
    expect(order.at(-1)).toBe('fourth')
    sync.close()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
