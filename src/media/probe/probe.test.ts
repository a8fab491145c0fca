/** Telling files apart by their bytes, and probing them in a child with limits. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { clip } from '../../../tests/fixtures/clips.ts'
import { runLimited } from '../ffmpeg/limited.ts'
import { createProgressReader } from '../ffmpeg/progress.ts'
import { probe } from './probe.ts'
import { sniff } from './sniff.ts'

const directory = mkdtempSync(join(tmpdir(), 'vireo-probe-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('sniff', () => {
  it('never throws, and lets in only containers it knows', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1024 }), (bytes) => {
        const seen = sniff(Buffer.from(bytes))
        expect('container' in seen || 'refused' in seen).toBe(true)
      }),
    )
  })

  it.each([
    ['#EXTM3U\n', 'playlist_refused'],
    ['\ufeff  #EXTM3U', 'playlist_refused'],
    ['ffconcat version 1.0', 'playlist_refused'],
    ["file 'a.mp4'", 'playlist_refused'],
    ['<?xml version="1.0"?><MPD>', 'playlist_refused'],
    ['GGGGGGGG', 'not_media'],
    ['ID3\x04', 'no_video_track'],
    ['<svg xmlns="x">', 'not_media'],
    ['', 'empty_file'],
  ])('%j is refused: %s', (text, refused) => {
    expect(sniff(Buffer.from(text))).toEqual({ refused })
  })
})

describe('probe', () => {
  it('says what is web-ready', async () => {
    expect(await probe(clip('plain.mp4'))).toMatchObject({
      container: 'mov',
      facts: { video: { codec: 'avc', width: 320, webReady: true }, audio: { webReady: true } },
    })
    for (const name of ['ten-bit.mp4', 'interlaced.mp4', 'long-gop.mp4', 'hevc.mp4', 'edited.mp4'] as const)
      expect(await probe(clip(name))).toMatchObject({ facts: { video: { webReady: false } } })
  })

  it('bears bytes that are changed anywhere', async () => {
    const { readFileSync } = await import('node:fs')
    const good = readFileSync(clip('silent.mp4'))
    for (let i = 0; i < 6; i++) {
      const bad = Buffer.from(good)
      // The tables at the end are where a parser can be led astray.
      for (let k = 0; k < 30; k++) bad[bad.length - 1 - ((i * 977 + k * 53) % 1500)] = (i * 31 + k * 17) & 255
      const path = join(directory, `bad-${i}.mp4`)
      writeFileSync(path, bad)
      const seen = await probe(path)
      expect('refused' in seen || 'container' in seen).toBe(true)
    }
  })
})

describe('limits', () => {
  const mb = 1024 ** 2
  const bounds = { timeoutMs: 10_000, maxRssBytes: 500 * mb }

  it('end a program that takes too long, hangs, talks too much or is called off', async () => {
    expect((await runLimited(['sleep', '20'], { ...bounds, timeoutMs: 200 })).ended).toBe('timeout')
    expect((await runLimited(['sleep', '20'], { ...bounds, quietMs: 200 })).ended).toBe('quiet')
    expect((await runLimited(['yes'], { ...bounds, maxOutputBytes: 10_000 })).ended).toBe('output')
    const signal = AbortSignal.timeout(200)
    expect((await runLimited(['sleep', '20'], { ...bounds, signal })).ended).toBe('aborted')
    expect((await runLimited(['no-such-program'], bounds)).ended).toBe('missing')
  })

  it('end a program that fills the memory', async () => {
    const greedy = 'const all = []; for (;;) all.push(Buffer.alloc(1e7, 1))'
    const run = await runLimited([process.execPath, '-e', greedy], { ...bounds, maxRssBytes: 200 * mb })
    expect(run.ended).toBe('memory')
  })

  it('give a program nothing of our environment, and no network where that can be', async () => {
    const env = await runLimited(['env'], bounds)
    expect(env.stdout.split('\n').filter(Boolean).sort()).toEqual([
      'LANG=C.UTF-8',
      expect.stringMatching(/^PATH=/),
    ])
    const isRoot = execFileSync('id', ['-u'], { encoding: 'utf8' }).trim() === '0'
    if (!isRoot) return
    const devices = await runLimited(['cat', '/proc/self/net/dev'], bounds)
    expect(devices.stdout).not.toMatch(/^\s*(eth|ens|enp|wl)/m)
  })
})

describe('progress', () => {
  it('is read from pieces of lines', () => {
    const seen: number[] = []
    const read = createProgressReader(10, (fraction) => seen.push(fraction))
    for (const piece of [
      'frame=1\nout_time_us=N/A\nout_ti',
      'me_us=2500000\nprogress=',
      'continue\nout_time_us=99000000\n',
    ])
      read(piece)
    expect(seen).toEqual([0.25, 1])
  })
})
