/** Pictures of films on sheets, by a real ffmpeg. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { clip } from '../../../tests/fixtures/clips.ts'
import { drawSheets } from './sheets.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vireo-sheets-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const [width, height] = [160, 90]
/** How bright a stretch of the n-th picture is, from its left side. */
const lightOf = async (n: number, left = 4): Promise<number> => {
  const region = { left: (n % 10) * width + left, top: Math.floor(n / 10) * height, width: 30, height }
  const bytes = await sharp(join(directory, 's1.jpg')).extract(region).raw().toBuffer()
  return bytes.reduce((sum, value) => sum + value, 0) / bytes.length
}

test('films of different codecs and sizes stand one behind the other', async () => {
  const plan = { stepS: 1, width, height, columns: 10, rows: 2 }
  const sources = [
    { path: clip('plain.mp4'), pictures: 6 },
    { path: clip('hevc.mp4'), pictures: 2 },
    { path: clip('rotated.mp4'), pictures: 5 },
  ]
  expect(await drawSheets({ sources, directory, plan, durationS: 14 })).toEqual({ result: undefined })
  expect(await readdir(directory)).toEqual(['s1.jpg'])
  const sheet = sharp(join(directory, 's1.jpg'))
  expect(await sheet.metadata()).toMatchObject({ width: 1600, height: 180, format: 'jpeg' })
  // Upright pictures have black at their sides, lying ones have none.
  const middle = width / 2 - 15
  const seen: string[] = []
  for (let n = 0; n < 20; n++) {
    const [side, inside] = [await lightOf(n), await lightOf(n, middle)]
    seen.push(inside < 10 ? ' ' : side < 10 ? 'u' : 'l')
  }
  expect(seen.join('')).toBe('lllllllluuuuu       ')
})

test.each([1, 3, 28.8])('a picture every %d s stands in its own place', async (stepS) => {
  // Each a little brighter than the one before.
  const path = join(directory, 'k1.mp4')
  const picture = `color=s=320x180:r=1000/${stepS * 1000}:d=${stepS * 20},geq=lum=20+10*N:cb=128:cr=128`
  execFileSync('ffmpeg', [
    ...['-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', picture, '-c:v', 'libx264', '-g', '1'],
    ...['-pix_fmt', 'yuv420p', '-video_track_timescale', '90000', path],
  ])
  const plan = { stepS, width, height, columns: 10, rows: 2 }
  const drawn = await drawSheets({
    sources: [{ path, pictures: 20 }],
    directory,
    plan,
    durationS: stepS * 20,
  })
  expect(drawn).toEqual({ result: undefined })
  const lights = await Promise.all(Array.from({ length: 20 }, (_, n) => lightOf(n)))
  expect(lights.map((light) => Math.round((light * 219) / 255 / 10 - 0.4))).toEqual(
    Array.from({ length: 20 }, (_, n) => n),
  )
})
