/** Owns making the demo's films and faces with ffmpeg: real pictures that move, and chords that can be listened to. */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CommandError } from '../command.ts'
import type { DemoFilm, Picture } from './films.ts'

const run = promisify(execFile)

/** A file with Chinese letters, if this machine has one. */
export const findFont = async (): Promise<string | undefined> => {
  const { stdout } = await run('fc-list', [':lang=zh-cn', 'file']).catch(() => ({ stdout: '' }))
  const files = stdout
    .split('\n')
    .map((line) => line.replace(/:\s*$/, '').trim())
    .filter((file) => /^[\w./-]+\.(ttc|otf|ttf)$/i.test(file))
  return files.find((file) => /sans.*bold/i.test(file)) ?? files[0]
}

/** Four chords of plucked strings, another key and tempo for each film. */
export const music = (seed: number): string => {
  const root = 196 * 2 ** (((seed * 5) % 12) / 12)
  const beatS = 0.25 + (seed % 4) * 0.06
  const barS = beatS * 8
  const progressions = [
    [0, 9, 5, 7],
    [0, 5, 9, 7],
    [9, 5, 0, 7],
    [0, 4, 5, 7],
  ]
  const steps = progressions[seed % progressions.length] ?? [0]
  const chord = steps.reduceRight(
    (rest, step, index) =>
      rest === ''
        ? String(2 ** (step / 12))
        : `if(lt(mod(t,${barS * 4}),${barS * (index + 1)}),${(2 ** (step / 12)).toFixed(5)},${rest})`,
    '',
  )
  const pattern = [1, 1.5, 2, 2.5, 3, 2.5, 2, 1.5]
  const note = pattern.reduceRight(
    (rest, ratio, index) =>
      rest === ''
        ? String(ratio)
        : `if(lt(mod(t,${barS}),${(beatS * (index + 1)).toFixed(3)}),${ratio},${rest})`,
    '',
  )
  const pluck = `exp(-4*mod(t,${beatS}))`
  const voice = (detune: number) =>
    `0.22*${pluck}*sin(2*PI*t*${(root * detune).toFixed(3)}*(${chord})*(${note}))+0.09*sin(2*PI*t*${((root * detune) / 2).toFixed(3)}*(${chord}))`
  return `aevalsrc=exprs='${voice(1)}|${voice(1.003)}':s=48000:c=stereo`
}

/** Paths and words in a filter: ffmpeg reads backslashes, quotes and colons itself. */
const written = (font: string, file: string, size: number): string =>
  `drawtext=fontfile=${font}:textfile=${file}:fontsize=${size}:fontcolor=white@0.92:shadowcolor=black@0.5:shadowx=2:shadowy=2:x=(w-text_w)/2:y=(h-text_h)/2+24*sin(t/2)`

export const makeFilm = async (
  film: DemoFilm,
  options: { seed: number; directory: string; font: string | undefined; signal: AbortSignal },
): Promise<string> => {
  const { seed, directory, font, signal } = options
  const target = join(directory, `${seed}.mp4`)
  const picture = [film.picture.graph]
  if (film.words !== undefined && font !== undefined) {
    const file = join(directory, `${seed}.txt`)
    await writeFile(file, film.words)
    picture.push(written(font, file, film.picture.portrait === true ? 64 : 72))
  }
  const graph = film.picture.graph.startsWith('[s]')
    ? `${music(seed)},asplit[s][a];${picture.join(',')},format=yuv420p[v]`
    : `${music(seed)}[a];${picture.join(',')},format=yuv420p[v]`
  await ffmpeg(
    [
      ...['-filter_complex', graph, '-map', '[v]', '-map', '[a]', '-t', String(film.seconds)],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '27', '-g', '48', '-c:a', 'aac', '-b:a', '96k'],
      ...['-movflags', '+faststart', target],
    ],
    signal,
  )
  return target
}

/** A face: two colours and the first letter of the name. */
export const makeFace = async (
  person: { nickname: string; colors: readonly [string, string] },
  options: { seed: number; directory: string; font: string | undefined; signal: AbortSignal },
): Promise<string> => {
  const { seed, directory, font, signal } = options
  const target = join(directory, `face-${seed}.png`)
  const letter = join(directory, `face-${seed}.txt`)
  await writeFile(letter, [...person.nickname][0] ?? '')
  const [from, to] = person.colors
  const base = `gradients=s=256x256:r=1:c0=${from}:c1=${to}:x0=0:y0=0:x1=256:y1=256:n=2`
  const words = font === undefined ? '' : `,${written(font, letter, 128).replace('+24*sin(t/2)', '')}`
  await ffmpeg(['-filter_complex', `${base}${words}`, '-frames:v', '1', target], signal)
  return target
}

/** Publishes over RTMP in real time until it is stopped. */
export const publishPicture = (picture: Picture, seed: number, url: string): ChildProcess => {
  const child = spawn(
    'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'error', '-filter_complex'],
      `${music(seed)},arealtime[a];${picture.graph},realtime,format=yuv420p[v]`,
      ...['-map', '[v]', '-map', '[a]', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency'],
      ...['-b:v', '1500k', '-g', '48', '-c:a', 'aac', '-b:a', '96k', '-f', 'flv', url],
    ],
    { stdio: ['pipe', 'ignore', 'ignore'] },
  )
  child.stdin?.on('error', () => undefined)
  return child
}

const ffmpeg = async (args: readonly string[], signal: AbortSignal): Promise<void> => {
  try {
    await run('ffmpeg', ['-nostdin', '-hide_banner', '-loglevel', 'error', '-y', ...args], { signal })
  } catch (error) {
    signal.throwIfAborted()
    const { code, stderr } = error as { code?: unknown; stderr?: string }
    if (code === 'ENOENT') throw new CommandError('ffmpeg is missing: apt-get install ffmpeg')
    throw new CommandError(`ffmpeg could not make a clip: ${(stderr ?? '').trim().split('\n').at(-1)}`)
  }
}
