/** Owns `vireo admin`: what whoever runs the machine may do to accounts; each act is written into the audit log. */
import { randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { openAccounts } from './accounts.ts'
import type { Accounts } from './accounts.ts'
import { CommandError, UsageError } from './command.ts'
import type { Call, Command } from './command.ts'

const actions = {
  list: 'administrators and moderators',
  'create MOBILE': 'a new account that is an administrator',
  'promote MOBILE': 'makes an existing account an administrator',
  'demote MOBILE': 'makes it an ordinary one',
  'reset-password MOBILE': 'a new password; every device is signed out',
  'setup-link': 'a new one-time link that makes the first administrator',
  'rotate-keys': 'a new key for access tokens; the old one holds until they have run out',
} as const

export const admin: Command = {
  name: 'admin',
  usage: 'ACTION [MOBILE]',
  about: 'Makes administrators and lets people back in.',
  details: [
    ...Object.entries(actions).map(([action, about]) => `  ${action.padEnd(24)}${about}`),
    '',
    'A new password is made and shown once, unless it is given on standard input. It works while Vireo runs.',
  ],
  options: {
    'password-stdin': { about: 'reads the password from standard input' },
    nickname: { value: 'NAME', about: 'of the account that is created' },
  },
  words: [1, 2],
  run: (call) => run(call),
}

const run = async (call: Call): Promise<void> => {
  const [action = '', mobile] = call.words
  const needsMobile = ['create', 'promote', 'demote', 'reset-password'].includes(action)
  if (!needsMobile && !['list', 'setup-link', 'rotate-keys'].includes(action))
    throw new UsageError(`there is no action ${action}`)
  if (needsMobile !== (mobile !== undefined))
    throw new UsageError(needsMobile ? `${action} needs a mobile number` : `${action} takes no number`)
  await using accounts = await openAccounts(call.config)
  if (action === 'list') return await list(call, accounts)
  if (action === 'setup-link') return await setupLink(call, accounts)
  if (action === 'rotate-keys') {
    const id = await accounts.rotateKeys()
    return call.say(`access tokens are signed by the key ${id} from now on`)
  }
  if (action === 'create') return await create(call, accounts, mobile ?? '')
  if (action === 'reset-password') return await resetPassword(call, accounts, mobile ?? '')
  const role = action === 'promote' ? 'admin' : 'user'
  await accounts.setRole(mobile ?? '', role)
  call.say(`${mobile} is ${role === 'admin' ? 'an administrator' : 'an ordinary user'} now`)
}

const list = async ({ say }: Call, accounts: Accounts): Promise<void> => {
  const rows = await accounts.listStaff()
  for (const row of rows) say(`${row.role.padEnd(10)} ${row.mobile.padEnd(12)} ${row.nickname}  (${row.id})`)
  if (rows.length === 0)
    say('there is no administrator yet: vireo admin create MOBILE, or  vireo admin setup-link')
}

const setupLink = async ({ say, config }: Call, accounts: Accounts): Promise<void> => {
  const token = await accounts.newSetupToken()
  if (token === undefined)
    throw new CommandError('there is an administrator already: the link makes only the first one')
  const base = config.publicUrl ?? `http://localhost:${config.httpPort}`
  say(`${base}/setup?token=${token}`)
}

const create = async (call: Call, accounts: Accounts, mobile: string): Promise<void> => {
  const { password, isOurs } = await newPassword(call)
  const nickname = call.options['nickname']
  await accounts.createAdmin({
    mobile,
    password,
    nickname: nickname === undefined ? undefined : String(nickname),
  })
  call.say(`${mobile} is an administrator`)
  if (isOurs) call.say(`password: ${password}`)
}

const resetPassword = async (call: Call, accounts: Accounts, mobile: string): Promise<void> => {
  const { password, isOurs } = await newPassword(call)
  await accounts.setPassword(mobile, password)
  call.say(`${mobile} has a new password and is signed out everywhere`)
  if (isOurs) call.say(`password: ${password}`)
}

const newPassword = async ({ options }: Call): Promise<{ password: string; isOurs: boolean }> =>
  options['password-stdin'] === true
    ? { password: (await text(process.stdin)).replace(/\r?\n$/, ''), isOurs: false }
    : { password: randomBytes(12).toString('base64url'), isOurs: true }
