/** Owns the types that pino-roll does not ship. */
declare module 'pino-roll' {
  import type { SonicBoom } from 'sonic-boom'

  export default function rotate(options: {
    file: string
    size: string
    limit: { count: number }
    symlink: boolean
  }): Promise<SonicBoom>
}
