/** Who may read the embedded engine's files. */
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openSqlite } from './sqlite.ts'

it.each(['new', 'found with the mode that it was made with before'])(
  'keeps a file to itself that is %s',
  async (kind) => {
    const directory = await mkdtemp(join(tmpdir(), 'vireo-sqlite-'))
    try {
      const file = join(directory, 'vireo.db')
      if (kind !== 'new') await writeFile(file, '').then(() => chmod(file, 0o644))
      const engine = await openSqlite(file)
      const modes = await Promise.all(['', '-wal', '-shm'].map((end) => stat(file + end)))
      expect(modes.map(({ mode }) => (mode & 0o777).toString(8))).toEqual(['600', '600', '600'])
      await engine.close()
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
)
