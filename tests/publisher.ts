/** Owns real publishers for tests: ffmpeg with the encoder settings that OBS and tutorials use. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

export interface Publisher extends AsyncDisposable {
  readonly process: ChildProcess
  /** What ffmpeg said so far. */
  output(): string
  /** Ends cleanly, as pressing q does; gives how many seconds of media were sent. */
  finish(): Promise<number>
  /** Dies without a word. */
  kill(): Promise<void>
  readonly exited: Promise<number | null>
}

interface PublishOptions {
  /** Ends by itself after so many seconds of media. */
  seconds?: number
  size?: string
  gop?: number
  pattern?: string
}

export const publish = (url: string, options: PublishOptions = {}): Publisher => {
  const { seconds, size = '1280x720', gop = 60, pattern = 'testsrc2' } = options
  const child = spawn(
    'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'warning', '-stats', '-re'],
      ...['-f', 'lavfi', '-i', `${pattern}=s=${size}:r=30`, '-f', 'lavfi', '-i', 'sine'],
      ...(seconds === undefined ? [] : ['-t', String(seconds)]),
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', String(gop), '-pix_fmt', 'yuv420p'],
      ...['-c:a', 'aac', '-f', 'flv', url],
    ],
    { stdio: ['pipe', 'ignore', 'pipe'] },
  )
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-20_000)
  })
  child.stdin.on('error', () => undefined)
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  return {
    process: child,
    output: () => said,
    exited,
    kill,
    async finish() {
      child.stdin.write('q')
      await exited
      return secondsSent(said)
    },
    [Symbol.asyncDispose]: kill,
  }
}

/** The last `time=00:00:12.34` that ffmpeg printed. */
const secondsSent = (said: string): number => {
  const [, hours, minutes, rest] = [...said.matchAll(/time=(\d+):(\d+):([\d.]+)/g)].at(-1) ?? []
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest)
}
