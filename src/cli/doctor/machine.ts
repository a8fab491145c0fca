/** Owns the look at what the machine brings: Node, memory, ffmpeg. */
import { execFile } from 'node:child_process'
import { freemem, totalmem } from 'node:os'
import { promisify } from 'node:util'
import type { Config } from '../../config/load.ts'
import { fail, isAtLeast, ok, warn } from './finding.ts'
import type { Finding } from './finding.ts'

const run = promisify(execFile)
const mb = 1024 * 1024
const leastMemory = 900 * mb

/** Decoder overflows and playlists that read files; see docs/decisions on what stands around ffmpeg. */
const ffmpegWithoutKnownHoles = '8.1.3'
const neededEncoders = ['libx264', 'aac']

export async function* lookAtMachine(_config: Config): AsyncIterable<Finding> {
  const { node } = process.versions
  yield isAtLeast(node, '24.0.0')
    ? ok('node', node)
    : fail('node', `${node} is too old`, 'start Vireo by bin/vireo or npm, which bring Node 24')
  const [total, free] = [totalmem(), freemem()].map((bytes) => Math.round(bytes / mb))
  const words = `${total} MB, ${free} MB free`
  yield totalmem() >= leastMemory
    ? ok('memory', words)
    : warn('memory', words, 'converting uploads wants 1 GB: add memory or swap')
  yield* lookAtFfmpeg()
}

async function* lookAtFfmpeg(): AsyncIterable<Finding> {
  const install = 'apt-get install ffmpeg'
  let version: string
  try {
    const { stdout } = await run('ffmpeg', ['-hide_banner', '-version'], { timeout: 10_000 })
    version = /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? 'of an unknown version'
  } catch {
    yield warn('ffmpeg', 'is missing: uploads that need converting, and pictures, do not work', install)
    return
  }
  yield isAtLeast(version, ffmpegWithoutKnownHoles) || version.startsWith('N-')
    ? ok('ffmpeg', version)
    : warn(
        'ffmpeg',
        `${version} has published holes (CVE-2026-8461, CVE-2026-107695) that ${ffmpegWithoutKnownHoles} mends`,
        'install your distribution’s security updates; Vireo runs it with limits, chosen decoders and no network',
      )
  const { stdout: encoders } = await run('ffmpeg', ['-hide_banner', '-encoders'], { timeout: 10_000 })
  const missing = neededEncoders.filter((name) => !new RegExp(`^ \\S+ ${name} `, 'm').test(encoders))
  yield missing.length === 0
    ? ok('encoders', neededEncoders.join(', '))
    : warn('encoders', `ffmpeg lacks ${missing.join(', ')}: converting fails`, install)
}
