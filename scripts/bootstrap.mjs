#!/usr/bin/env node
/**
 * Owns making a machine ready: packages, ffmpeg, the built web, for tests a browser with Chinese letters, for the bench its peers.
 * It runs on whatever Node the machine has, before any dependency is there, and does nothing where nothing is missing.
 *
 * usage: node scripts/bootstrap.mjs start|dev|test|bench
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const goal = process.argv[2] ?? 'start'
const mayInstall = process.env.VIREO_NO_INSTALL !== '1'
const pinnedNode = join(root, 'node_modules', '.bin', 'node')

const say = (text) => process.stdout.write(`[vireo] ${text}\n`)
const fail = (text) => {
  process.stderr.write(`[vireo] ${text}\n`)
  process.exit(1)
}

/** Runs a command and shows that it works: its seconds on a terminal, its last lines when it fails. */
const run = async (title, command, args, options = {}) => {
  const started = Date.now()
  const seconds = () => Math.round((Date.now() - started) / 1000)
  const live = process.stdout.isTTY
  if (!live) say(`${title} …`)
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let output = ''
  const keep = (chunk) => {
    output = (output + chunk).slice(-20_000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const ticker = setInterval(
    () =>
      live ? process.stdout.write(`\r[vireo] ${title} … ${seconds()} s`) : say(`${title} … ${seconds()} s`),
    live ? 500 : 10_000,
  )
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      keep(String(error))
      resolve(1)
    })
    child.on('close', (status) => resolve(status ?? 1))
  })
  clearInterval(ticker)
  if (live) process.stdout.write('\r\x1b[K')
  say(
    code === 0
      ? `${title}: done in ${seconds()} s`
      : `${title}: failed (exit ${code})\n${output.slice(-3000)}`,
  )
  return code === 0
}

const checkMachine = () => {
  if (!['linux', 'darwin'].includes(process.platform)) say(`${process.platform} was not tried; Linux was`)
  const [major = 0] = process.versions.node.split('.').map(Number)
  if (major < 18) fail(`Node ${process.versions.node} is too old even to install: 18 or newer is needed`)
}

/** `npm ci` where the lock file differs from what was installed last. */
const installPackages = async () => {
  const stamp = join(root, 'node_modules', '.vireo-lock')
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  if (!mayInstall) {
    if (existsSync(pinnedNode)) return
    fail('packages are missing and VIREO_NO_INSTALL=1 forbids installing them: run  npm ci --include=dev')
  }
  const npm = process.env.npm_execpath
  const [command, first] = npm ? [process.execPath, [npm]] : ['npm', []]
  const isDone = await run('Installing packages (npm ci)', command, [
    ...first,
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
  ])
  if (!isDone) fail('the packages could not be installed; see above')
  writeFileSync(stamp, lock)
}

const checkRuntime = () => {
  if (!existsSync(pinnedNode)) {
    const [major = 0] = process.versions.node.split('.').map(Number)
    if (major < 24) fail(`no pinned Node for ${process.platform}-${process.arch}: install Node 24 or newer`)
  }
}

const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0

const hasElement = (name) =>
  spawnSync('gst-inspect-1.0', ['--exists', name], { stdio: 'ignore' }).status === 0

const hasChineseFont = () => {
  const listed = spawnSync('fc-list', [':lang=zh-cn', 'file'], { encoding: 'utf8' })
  return listed.status === 0 && listed.stdout.trim() !== ''
}

/** What must come from the system, each with its Debian package. */
const systemNeeds = () => {
  const needs = [{ what: 'ffmpeg', package: 'ffmpeg', isThere: () => has('ffmpeg') && has('ffprobe') }]
  if (goal === 'test' || goal === 'bench') {
    needs.push({
      what: 'chromium',
      package: 'chromium',
      isThere: () => has('chromium') || has('chromium-browser'),
    })
    needs.push({ what: 'a Chinese font', package: 'fonts-noto-cjk', isThere: hasChineseFont })
    needs.push({
      what: 'nginx',
      package: 'nginx',
      isThere: () => has('nginx') || existsSync('/usr/sbin/nginx'),
    })
    needs.push({
      what: 'GStreamer',
      package:
        'gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly',
      isThere: () =>
        has('gst-launch-1.0') && ['rtmp2sink', 'x264enc', 'voaacenc', 'flvmux'].every(hasElement),
    })
    needs.push({ what: 'openssl', package: 'openssl', isThere: () => has('openssl') })
  }
  if (goal === 'bench')
    needs.push({
      what: 'the RTMP module of nginx',
      package: 'libnginx-mod-rtmp',
      isThere: () => existsSync('/usr/lib/nginx/modules/ngx_rtmp_module.so'),
    })
  return needs.filter((need) => !need.isThere())
}

const installSystemPackages = async () => {
  const missing = systemNeeds()
  if (missing.length === 0) return
  const packages = missing.map((need) => need.package)
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`
  const isRoot = process.getuid?.() === 0
  if (mayInstall && isRoot && has('apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    await run(`Installing ${packages.join(', ')} (apt-get)`, 'sh', ['-c', command], { env })
  }
  for (const need of systemNeeds()) {
    say(`${need.what} is missing. To install it:  ${isRoot ? command : `sudo sh -c '${command}'`}`)
  }
  if (systemNeeds().some((need) => need.what === 'ffmpeg')) {
    say(
      'Going on without ffmpeg: live, replays and uploads that browsers can play as they are work; converting does not.',
    )
  }
}

/** The newest change below `folder`, in ms. */
const newest = (path) => {
  const state = statSync(path, { throwIfNoEntry: false })
  if (state === undefined) return 0
  if (!state.isDirectory()) return state.mtimeMs
  return readdirSync(path)
    .filter((name) => !['dist', 'node_modules'].includes(name) && !name.endsWith('.d.ts'))
    .reduce((latest, name) => Math.max(latest, newest(join(path, name))), 0)
}

/** Builds the web when its sources are newer than the last build. */
const buildWeb = async () => {
  const stamp = join(root, 'web', 'dist', '.built')
  const built = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = ['web', 'contract', 'package-lock.json'].map((path) => newest(join(root, path)))
  if (Math.max(...sources) <= built) return
  const node = existsSync(pinnedNode) ? pinnedNode : process.execPath
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const startedMs = Date.now()
  if (!(await run('Building the web', node, [vite, 'build', '--config', 'web/vite.config.ts']))) {
    fail('the web could not be built; see above')
  }
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, `${new Date(startedMs).toISOString()}\n`)
}

checkMachine()
await installPackages()
checkRuntime()
await installSystemPackages()
if (goal !== 'dev') await buildWeb()
