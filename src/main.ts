/** Owns `npm start`: the code that was compiled before first, then all else. */
import { useCodeCache } from './config/code-cache.ts'

useCodeCache()
await import('./start.ts')
