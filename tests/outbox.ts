/** Owns reading the codes and links that a test machine wrote into its outbox instead of sending them. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from './machine.ts'

export interface OutboxMessage {
  to: string
  purpose: string
  text: string
  code?: string
}

const readAll = async (dataDir: string): Promise<OutboxMessage[]> => {
  const directory = join(dataDir, 'outbox')
  const names = await readdir(directory).catch(() => [])
  // A name with a dot in front is half written.
  const files = names.filter((name) => /^[^.].*\.json$/.test(name)).sort()
  return Promise.all(
    files.map(async (name) => JSON.parse(await readFile(join(directory, name), 'utf8')) as OutboxMessage),
  )
}

/** The first message for `purpose` to a number or address ending in `to` that was not given before. */
export const createOutboxReader = (dataDir: string) => {
  let given = 0
  return async (purpose: string, to: string): Promise<OutboxMessage> => {
    let found: OutboxMessage | undefined
    await until(`a message for ${purpose} is there`, async () => {
      const all = await readAll(dataDir)
      const index = all.findIndex(
        (message, at) => at >= given && message.purpose === purpose && message.to.endsWith(to),
      )
      if (index >= 0) {
        found = all[index]
        given = index + 1
      }
      return index >= 0
    })
    if (found === undefined) throw new Error('no message')
    return found
  }
}
