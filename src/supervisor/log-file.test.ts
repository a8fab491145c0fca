import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openLogFile } from './log-file.ts'

it('moves a full file aside and keeps only so many, losing no line of those kept', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'vireo-log-'))
  try {
    const file = join(dir, 'logs', 'vireo.log')
    const log = openLogFile(file, { maxBytes: 1000, keep: 2 })
    for (let n = 0; n < 100; n++) {
      log.write(`line ${String(n).padStart(3, '0')} ${'x'.repeat(40)}`)
      if (n % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await log.close()
    expect(readdirSync(join(dir, 'logs')).sort()).toEqual(['vireo.log', 'vireo.log.1', 'vireo.log.2'])
    const kept = ['vireo.log.2', 'vireo.log.1', 'vireo.log'].flatMap((name) =>
      readFileSync(join(dir, 'logs', name), 'utf8').trim().split('\n').filter(Boolean),
    )
    const numbers = kept.map((line) => Number(line.slice(5, 8)))
    expect(numbers.at(-1)).toBe(99)
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, n) => 100 - numbers.length + n))
  } finally {
    rmSync(dir, { recursive: true })
  }
})
