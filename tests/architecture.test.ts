/** Owns the import rule: who may import whom. See ARCHITECTURE.md. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Features, earliest first: one may import only those before it, and only through their index. */
const features = [
  'audit',
  'user',
  'passport',
  'site',
  'ingest',
  'coin',
  'video',
  'danmaku',
  'comment',
  'library',
  'live',
  'playback',
  'sharing',
  'feed',
  'message',
  'report',
  'webhook',
  'admin',
]
/** What each part of platform may import of its siblings; all may import the foundations. */
const foundations = ['errors', 'log', 'clock', 'ids', 'hmac']
const platformMayUse: Readonly<Record<string, readonly string[]>> = {
  http: ['tls'],
  jobs: ['db', 'kv', 'bus'],
  search: ['db', 'kv'],
  events: ['db', 'bus'],
}
/** Lower media first. */
const media = ['codec', 'flow', 'flv', 'rtmp', 'fmp4', 'hls', 'ffmpeg', 'probe', 'remux']

interface Import {
  file: string
  from: string
  /** A path from the root of the repository, or a package. */
  to: string
}

const isTest = (file: string): boolean => /\.(test|fixture|contract)\.ts$|\/testing\.ts$/.test(file)

const importsOf = (file: string): Import[] => {
  const text = readFileSync(file, 'utf8')
  const matches = text.matchAll(
    /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  return [...matches].map((match) => {
    const target = match[1] ?? match[2] ?? match[3] ?? ''
    return { file, from: file, to: target.startsWith('.') ? normalize(join(dirname(file), target)) : target }
  })
}

const sources = globSync('{src,contract,web}/**/*.{ts,vue}', {
  exclude: (path) => /node_modules|web\/dist/.test(String(path)),
}).filter((file) => !isTest(file) && !file.endsWith('.d.ts'))
const imports = sources.flatMap(importsOf)

const inside = (folder: string) => imports.filter(({ file }) => file.startsWith(`${folder}/`))
const breaks = (found: Import[]): string[] => found.map(({ file, to }) => `${file} → ${to}`)
const partOf = (path: string): string => path.split('/')[2] ?? ''

describe('the import rule', () => {
  it('reads the whole tree', () => {
    expect(sources.length).toBeGreaterThan(50)
    expect(imports.length).toBeGreaterThan(200)
  })

  it('contract imports only the schema library and itself', () => {
    expect(
      breaks(inside('contract').filter(({ to }) => to !== 'zod' && !to.startsWith('contract/'))),
    ).toEqual([])
  })

  it('platform imports contract, packages and of its siblings only the foundations', () => {
    const wrong = inside('src/platform').filter(({ file, to }) => {
      if (!to.startsWith('src/')) return false
      if (!to.startsWith('src/platform/')) return true
      const [own, other] = [partOf(file), partOf(to)]
      return own !== other && !foundations.includes(other) && !(platformMayUse[own] ?? []).includes(other)
    })
    expect(breaks(wrong)).toEqual([])
  })

  it('media knows bytes only: node, lower media, and types of log and clock', () => {
    const wrong = inside('src/media').filter(({ file, to }) => {
      if (to.startsWith('node:')) return false
      if (to === 'src/platform/log/log.ts' || to === 'src/platform/clock/clock.ts') return false
      // Remuxing and probing an uploaded file is left to a library.
      if (to === 'mediabunny') return !/^src\/media\/(probe|remux)\//.test(file)
      if (!to.startsWith('src/media/')) return true
      const [own, other] = [media.indexOf(partOf(file)), media.indexOf(partOf(to))]
      return own === -1 || other === -1 || other > own
    })
    expect(breaks(wrong)).toEqual([])
  })

  it('a feature imports contract, platform, media, config types, itself and earlier features through their index', () => {
    const wrong = features.flatMap((feature, order) =>
      inside(`src/${feature}`).filter(({ to }) => {
        if (!to.startsWith('src/')) return false
        const [, area = ''] = to.split('/')
        if (['platform', 'media', 'config', feature].includes(area)) return false
        const other = features.indexOf(area)
        return other === -1 || other > order || to !== `src/${area}/index.ts`
      }),
    )
    expect(breaks(wrong)).toEqual([])
  })

  it('nobody imports the command line; beside the services it imports features through their index', () => {
    const outside = imports.filter(
      ({ file, to }) => to.startsWith('src/cli/') && file.startsWith('src/') && !file.startsWith('src/cli/'),
    )
    const past = inside('src/cli').filter(({ to }) => {
      const [, area = ''] = to.split('/')
      return to.startsWith('src/') && features.includes(area) && to !== `src/${area}/index.ts`
    })
    expect(breaks([...outside, ...past])).toEqual([])
  })

  it('every folder of src has its place', () => {
    const known = new Set([...features, 'platform', 'media', 'config', 'supervisor', 'cli'])
    const folders = new Set(
      sources
        .filter((file) => file.startsWith('src/') && file.split('/').length > 2)
        .map((file) => file.split('/')[1]),
    )
    expect([...folders].filter((folder) => !known.has(folder ?? ''))).toEqual([])
  })

  it('only routes, sockets and platform/http import the HTTP framework', () => {
    const wrong = inside('src').filter(
      ({ file, to }) =>
        /^(fastify|@fastify\/)/.test(to) &&
        !/^src\/platform\/http\/|\/(routes|[a-z-]+-routes|socket|[a-z-]+-socket|cookie|answer)\.ts$|^src\/http\.ts$/.test(
          file,
        ),
    )
    expect(breaks(wrong)).toEqual([])
  })

  it('only stores, tables, migrations and the storage parts of platform import Kysely', () => {
    const wrong = inside('src').filter(
      ({ file, to }) =>
        to === 'kysely' &&
        !/^src\/platform\/(db|jobs|events|search)\/|\/(store|[a-z-]+-store|tables)\.ts$/.test(file),
    )
    expect(breaks(wrong)).toEqual([])
  })

  it('only src/config reads the environment', () => {
    const wrong = sources.filter(
      (file) =>
        file.startsWith('src/') &&
        !file.startsWith('src/config/') &&
        /process\.env\b/.test(readFileSync(file, 'utf8')),
    )
    expect(wrong).toEqual([])
  })

  it('web imports contract, itself and packages; only web/api fetches', () => {
    expect(breaks(inside('web').filter(({ to }) => to.startsWith('src/')))).toEqual([])
    const fetching = sources.filter(
      (file) =>
        file.startsWith('web/') &&
        !file.startsWith('web/api/') &&
        /(^|[^.\w])fetch\(|XMLHttpRequest/.test(readFileSync(file, 'utf8')),
    )
    expect(fetching).toEqual([])
  })
})
