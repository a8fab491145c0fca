/** Owns `npm run dev`: the server starts again when its sources change, the web reloads in place. */
import { spawn } from 'node:child_process'
import { loadConfig } from '../src/config/load.ts'

const env = { ...process.env, VIREO_PROFILE: process.env['VIREO_PROFILE'] ?? 'development' }
const server = spawn(process.execPath, ['--watch-path=src', '--watch-path=contract', 'src/main.ts'], {
  stdio: 'inherit',
  env,
})
const web = spawn(process.execPath, ['node_modules/vite/bin/vite.js', '--config', 'web/vite.config.ts'], {
  stdio: 'inherit',
  env: { ...env, VIREO_SERVER: `http://127.0.0.1:${loadConfig().httpPort}` },
})

const children = [server, web]
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => children.forEach((child) => child.kill('SIGTERM')))
for (const child of children) {
  child.on('exit', (code) => {
    for (const other of children) other.kill('SIGTERM')
    process.exitCode = code ?? 0
  })
}
