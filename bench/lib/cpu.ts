/** Owns which processes a process has, and how much processor time and memory they use. */
import { readFileSync } from 'node:fs'

// proc(5): utime and stime, in clock ticks of 10 ms on every Linux that Node runs on.
const tickS = 0.01

/** Seconds of one processor, user and system, over the life of these processes. */
export const cpuSeconds = (...pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return sum + (Number(fields[11]) + Number(fields[12])) * tickS
  }, 0)

/** The processes that one has started, and theirs. */
export const childrenOf = (pid: number): number[] => {
  const direct = childList(pid).trim().split(/\s+/).filter(Boolean).map(Number)
  return [...direct, ...direct.flatMap(childrenOf)]
}

const childList = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  } catch {
    // It has ended meanwhile.
    return ''
  }
}

/** Proportional set size: what is shared is counted in parts. */
export const memoryBytes = (...pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const found = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))
    return sum + Number(found?.[1] ?? 0) * 1024
  }, 0)
