/** Owns the generated pages: settings, error codes, `.env.example`. `--check` only says whether they are current. */
import { readFileSync, writeFileSync } from 'node:fs'
import { errorCodes } from '../contract/errors.ts'
import { settings } from '../src/config/settings.ts'

const settingsPage = (): string => {
  const rows = Object.entries(settings).map(
    ([name, setting]) =>
      `| \`${name}\` | ${'fallback' in setting ? `\`${setting.fallback || ' '}\`` : '–'} | ${setting.about} |`,
  )
  return `# Settings

Set them in the environment or in a file \`.env\`; the environment wins. All mistakes are reported at once, by name.
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

const environmentExample = (): string =>
  `# Nothing here needs to be set. Made by npm run reference.\n\n${Object.entries(settings)
    .map(
      ([name, setting]) => `# ${setting.about}\n# ${name}=${'fallback' in setting ? setting.fallback : ''}\n`,
    )
    .join('\n')}`

const pages: Record<string, string> = {
  'docs/reference/settings.md': settingsPage(),
  'docs/reference/errors.md': errorsPage(),
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
