/** Owns `npm run bench`: runs the named measure, or all of them, one after the other. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

const known = readdirSync('bench')
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
const [wanted] = process.argv.slice(2)
if (wanted !== undefined && !known.includes(wanted)) {
  process.stderr.write(`There is no bench ${wanted}; there are: ${known.join(', ')}\n`)
  process.exit(2)
}
for (const name of wanted === undefined ? known : [wanted]) {
  process.stdout.write(`\n${name}\n`)
  const { status } = spawnSync(process.execPath, [`bench/${name}.ts`], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
