/** Owns `npm run check`: formatting, lint and types, side by side, each with its own verdict. */
import { spawn } from 'node:child_process'

/** What a compiler knows of the last run makes the next one quicker. */
const remembered = (name: string): string[] => [
  '--incremental',
  '--tsBuildInfoFile',
  `node_modules/.cache/${name}.tsbuildinfo`,
]

const tools: [name: string, script: string, ...args: string[]][] = [
  ['format', 'node_modules/prettier/bin/prettier.cjs', '--check', '--cache', '--log-level', 'warn', '.'],
  [
    'lint',
    'node_modules/eslint/bin/eslint.js',
    '--cache',
    '--cache-location',
    'node_modules/.cache/eslint/',
    '.',
  ],
  ['types', 'node_modules/typescript/bin/tsc', '-p', '.', ...remembered('types')],
  ['reference', 'scripts/reference.ts', '--check'],
  [
    'types of the web',
    'node_modules/vue-tsc/bin/vue-tsc.js',
    '--noEmit',
    '-p',
    'web/tsconfig.json',
    ...remembered('web'),
  ],
]

const run = ([name, ...args]: (typeof tools)[number]): Promise<boolean> =>
  new Promise((resolve) => {
    const startedMs = Date.now()
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk) => (output += String(chunk)))
    child.stderr.on('data', (chunk) => (output += String(chunk)))
    child.on('close', (code) => {
      const seconds = ((Date.now() - startedMs) / 1000).toFixed(1)
      process.stdout.write(
        `${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n${code === 0 ? '' : output}`,
      )
      resolve(code === 0)
    })
  })

const results = await Promise.all(tools.map(run))
process.exitCode = results.every(Boolean) ? 0 : 1
