/** Owns the generated pages: settings, error codes, commands, events, `.env.example`. `--check` only says whether they are current. */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { errorCodes } from '../contract/errors.ts'
import { helpOf } from '../src/cli/command.ts'
import { commands } from '../src/cli/commands.ts'
import { settings } from '../src/config/settings.ts'

const settingsPage = (): string => {
  const rows = Object.entries(settings).map(
    ([name, setting]) =>
      `| \`${name}\` | ${'fallback' in setting ? `\`${setting.fallback || ' '}\`` : '–'} | ${setting.about} |`,
  )
  return `# Settings

Set them in the environment or in a file \`.env\`; the environment wins. All mistakes are reported at once, by name.
Besides, \`VIREO_NO_INSTALL=1\` keeps a start from installing packages: it then says what is missing, and ends.
Sizes are written as \`500M\` or \`20G\`. Made by \`npm run reference\` from \`src/config/settings.ts\`.

| setting | default | |
|---|---|---|
${rows.join('\n')}
`
}

const errorsPage = (): string => {
  const rows = Object.entries(errorCodes).map(
    ([code, { status, zh, en }]) => `| \`${code}\` | ${status} | ${en} | ${zh} |`,
  )
  return `# Error codes

The \`error\` of every failure. \`code\` in the envelope is the HTTP status, but 1001 for \`storage_failed\`. Made by
\`npm run reference\` from \`contract/errors.ts\`.

| error | status | English | 中文 |
|---|---|---|---|
${rows.join('\n')}
`
}

const commandsPage = (): string => `# Commands

\`npx vireo <command>\`, or \`bin/vireo\` from anywhere. Exit code: 0, 1 failed, 2 wrong usage. Made by
\`npm run reference\` from \`src/cli/\`.

${commands.map((command) => `## ${command.name}\n\n\`\`\`\n${helpOf(command)}\`\`\`\n`).join('\n')}`

/** The declarations themselves are the reference: what each event carries, with the words that stand there. */
const eventsPage = (): string => {
  const areas = globSync('contract/*.ts')
    .sort()
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8')
      const block = /^declare module '\.\/events\.ts' \{\n {2}interface Events \{\n([^]*?)\n {2}\}\n\}/m.exec(
        text,
      )?.[1]
      if (block === undefined) return []
      const types = [...text.matchAll(/^(?:export )?interface \w*Event \{\n[^]*?\n\}/gm)].map(
        ([type]) => `\n${type}\n`,
      )
      const body = block.replace(/^ {4}/gm, '')
      return [`## ${basename(file, '.ts')}\n\n\`\`\`ts\n${body}\n${types.join('')}\`\`\`\n`]
    })
  return `# Events

What is written in the transaction that did it and told to consumers afterwards: past tense, ids instead of copies.
Made by \`npm run reference\` from \`contract/\`.

${areas.join('\n')}`
}

const environmentExample = (): string =>
  `# Nothing here needs to be set. Made by npm run reference.\n\n${Object.entries(settings)
    .map(
      ([name, setting]) => `# ${setting.about}\n# ${name}=${'fallback' in setting ? setting.fallback : ''}\n`,
    )
    .join('\n')}`

const pages: Record<string, string> = {
  'docs/reference/settings.md': settingsPage(),
  'docs/reference/errors.md': errorsPage(),
  'docs/reference/commands.md': commandsPage(),
  'docs/reference/events.md': eventsPage(),
  '.env.example': environmentExample(),
}

const isCurrent = (path: string, text: string): boolean => {
  try {
    return readFileSync(path, 'utf8') === text
  } catch {
    return false
  }
}

const stale = Object.entries(pages).filter(([path, text]) => !isCurrent(path, text))
if (process.argv.includes('--check')) {
  for (const [path] of stale) process.stdout.write(`${path} is not current: run  npm run reference\n`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else {
  for (const [path, text] of stale) writeFileSync(path, text)
}
