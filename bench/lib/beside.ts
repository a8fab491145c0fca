/** Owns the bare server that stands beside ours with the same answers, and order without order. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Machine } from '../../tests/machine.ts'

/** A bare Fastify that holds what these paths answer now. */
export const bareWith = async (
  machine: Pick<Machine, 'base'>,
  paths: readonly string[],
  mobiles: readonly string[] = [],
): Promise<{ url: string } & Disposable> => {
  const pages: Record<string, unknown> = {}
  for (const path of paths) pages[path] = await (await fetch(`${machine.base}${path}`)).json()
  const child = fork('bench/lib/bare.ts')
  child.send({ pages, mobiles })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return { url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => void child.kill() }
}

/** The same disorder in every run. */
export const shuffled = <T>(list: readonly T[]): T[] =>
  list
    .map((value, n) => [Math.imul(n + 1, 2_654_435_761) >>> 0, value] as const)
    .sort((a, b) => a[0] - b[0])
    .map(([, value]) => value)
