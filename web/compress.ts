/** Owns compressing the built files once, so that the server never does it per request. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Plugin } from 'vite'

const text = /\.(js|css|svg|html|json)$/
const worthBytes = 1024
const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

/** Writes `x.br` and `x.gz` beside each text file under `directory`. */
export const compress = (directory: string): Plugin => ({
  name: 'vireo:compress',
  apply: 'build',
  async closeBundle() {
    const names = await readdir(directory, { recursive: true })
    for (const name of names.filter((file) => text.test(file) && file !== 'index.html')) {
      const path = join(directory, name)
      const bytes = await readFile(path)
      if (bytes.length < worthBytes) continue
      const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
      await writeFile(`${path}.br`, await brotli(bytes, { params }))
      await writeFile(`${path}.gz`, await zip(bytes, { level: 9 }))
    }
  },
})
