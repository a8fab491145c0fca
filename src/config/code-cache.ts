/** Owns where compiled code is kept between starts. It loads nothing else: it is used before anything is loaded. */
import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

export const codeCacheIn = (dataDir: string): string => join(dataDir, 'cache', 'code')

/** Only where an earlier start has made it: settings that turn out wrong leave nothing behind. */
export const useCodeCache = (): void => {
  const kept = codeCacheIn(process.env['VIREO_DATA_DIR'] || 'data')
  if (existsSync(kept)) enableCompileCache(kept)
}
