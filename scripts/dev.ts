/** Owns `npm run dev`: the server starts again when its sources change, the web reloads in place. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { loadConfig } from '../src/config/load.ts'

const env = { ...process.env, VIREO_PROFILE: process.env['VIREO_PROFILE'] ?? 'development' }
const children: ChildProcess[] = []

/** All of them end together. */
const run = (args: string[], output: 'inherit' | 'pipe', more: NodeJS.ProcessEnv = {}): ChildProcess => {
  const child = spawn(process.execPath, args, {
    stdio: ['inherit', output, 'inherit'],
    env: { ...env, ...more },
  })
  children.push(child)
  child.on('exit', (code) => {
    for (const other of children) other.kill('SIGTERM')
    process.exitCode = code ?? 0
  })
  return child
}
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => children.forEach((child) => child.kill('SIGTERM')))

const server = run(['--watch-path=src', '--watch-path=contract', 'src/main.ts'], 'pipe')
let isServed = false
server.stdout?.setEncoding('utf8').on('data', (text: string) => {
  process.stdout.write(text)
  // Not before: a server that could not start would leave the web talking to whoever has its port.
  if (isServed || !text.includes('is ready.')) return
  isServed = true
  const web = run(['node_modules/vite/bin/vite.js', '--config', 'web/vite.config.ts'], 'pipe', {
    VIREO_SERVER: `http://127.0.0.1:${loadConfig().httpPort}`,
  })
  web.stdout?.setEncoding('utf8').on('data', (line: string) => {
    process.stdout.write(line)
    if (line.includes('Local:'))
      process.stdout.write(
        '\n  Work at http://127.0.0.1:5200, which reloads; a setup link works there too. What the server\n  serves itself is the web as it was built last.\n\n',
      )
  })
})
