/** Owns rooms with publishers for the measures of live: people, stream keys, and processes that publish to them. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Machine, Person } from '../../tests/machine.ts'
import { until } from '../../tests/machine.ts'
import type { ManyOptions } from './publish-many.ts'

export interface Room extends Person {
  key: string
}

export const makeRooms = async (
  machine: Machine,
  count: number,
  replay: 'none' | 'private' | 'public' = 'none',
): Promise<Room[]> => {
  const rooms: Room[] = []
  for (let n = 0; n < count; n++) {
    const person = await machine.register()
    await machine.request('PATCH', '/api/v1/me/room', person.token, { replay })
    const { data } = await machine.request('POST', '/api/v1/me/room/stream_key', person.token, {})
    rooms.push({ ...person, key: (data as { stream_key: string }).stream_key })
  }
  return rooms
}

export const stateOf = async (machine: Machine, room: Person): Promise<string> => {
  const { data } = await machine.request('GET', `/api/v1/live/${room.roomId}`)
  return (data as { state: string }).state
}

export const allLive = (machine: Machine, rooms: readonly Person[]): Promise<void> =>
  until(
    'all rooms are live',
    async () => {
      for (const room of rooms) if ((await stateOf(machine, room)) !== 'live') return false
      return true
    },
    60_000,
  )

/** A process that publishes a clip to every key; it says when all of them do. */
export const publishMany = async (options: ManyOptions): Promise<AsyncDisposable & { pid: number }> => {
  const child = spawn(process.execPath, ['bench/lib/publish-many.ts', JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(createInterface({ input: child.stdout }), 'line')
  return { pid: child.pid ?? 0, [Symbol.asyncDispose]: () => gone(child, 'SIGKILL') }
}

export const gone = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

/** An FLV file of constant bit rate: 1280x720 at 30 frames a second, a keyframe every 2 s, AAC. */
export const makeFlv = (dir: string, kbps: number, seconds = 20): string => {
  const file = join(dir, `clip-${kbps}.flv`)
  execFileSync('ffmpeg', [
    ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-y'],
    ...['-f', 'lavfi', '-i', 'testsrc2=s=1280x720:r=30', '-f', 'lavfi', '-i', 'sine=r=48000'],
    ...['-t', String(seconds), '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'],
    ...['-g', '60', '-sc_threshold', '0', '-b:v', `${kbps}k`, '-maxrate', `${kbps}k`],
    ...['-bufsize', `${kbps}k`, '-x264-params', 'nal-hrd=cbr:filler=1', '-c:a', 'aac', '-b:a', '128k'],
    file,
  ])
  return file
}
