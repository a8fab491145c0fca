/** Owns the zip of all that is kept of one user: a JSON file each, written as it is read, never held whole. */
import { Readable } from 'node:stream'
import { makeZip } from 'client-zip'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import { isoTime } from '../user/index.ts'
import type { UserService } from '../user/index.ts'
import type { Passkeys } from './passkeys.ts'
import type { Sessions } from './sessions.ts'
import * as store from './store.ts'

/** Rows of one file, page by page; a later feature gives its own. */
export interface ExportSource {
  /** `videos`: the file is `videos.json`. */
  name: string
  rows: (userId: string) => AsyncIterable<object>
}

interface Deps {
  db: Db
  clock: Clock
  users: UserService
  sessions: Sessions
  passkeys: Passkeys
  audit: Audit
}

export const createExport = ({ db, clock, users, sessions, passkeys, audit }: Deps) => {
  const sources: ExportSource[] = []

  const profile = async (userId: string): Promise<object> => {
    const [user, account] = await Promise.all([users.row(userId), store.findAccount(db, userId)])
    return {
      id: userId,
      nickname: user?.nickname,
      username: user?.username,
      signature: user?.signature,
      sex: user?.sex,
      birth_date: user?.birth_date,
      links: JSON.parse(user?.links ?? '[]') as string[],
      mobile: account?.mobile ?? null,
      email: account?.email ?? null,
      registered: account && isoTime(account.created_ms),
      passkeys: await passkeys.listOf(userId),
    }
  }

  async function* sessionRows(userId: string): AsyncIterable<object> {
    for (const row of await sessions.listOf(userId))
      yield {
        device: row.device,
        address: row.address,
        create_time: isoTime(row.created_ms),
        last_seen: isoTime(row.last_seen_ms),
      }
  }

  async function* auditRows(userId: string): AsyncIterable<object> {
    let cursor: string | undefined
    do {
      const page = await audit.list({ actor_id: userId }, { limit: 100, cursor })
      for (const row of page.items)
        yield { time: isoTime(row.at_ms), action: row.action, address: row.address }
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
  }

  async function* files(userId: string) {
    const lastModified = new Date(clock.now())
    yield { name: 'profile.json', lastModified, input: JSON.stringify(await profile(userId), null, 2) }
    const own: ExportSource[] = [
      { name: 'sessions', rows: sessionRows },
      { name: 'security', rows: auditRows },
    ]
    for (const { name, rows } of [...own, ...sources])
      yield { name: `${name}.json`, lastModified, input: listOf(rows(userId)) }
  }

  return {
    addSource: (source: ExportSource): void => void sources.push(source),
    stream: (userId: string): Readable => Readable.fromWeb(makeZip(files(userId)) as never),
  }
}

/** A JSON list in pieces of some KB. */
async function* listOf(rows: AsyncIterable<object>): AsyncIterable<string> {
  let text = '['
  let comma = '\n'
  for await (const row of rows) {
    text += comma + JSON.stringify(row)
    comma = ',\n'
    if (text.length > 16_384) {
      yield text
      text = ''
    }
  }
  yield `${text}\n]\n`
}
