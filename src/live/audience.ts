/** Owns that who may no longer be here is gone within seconds: open sockets ask again whether their session holds. */
import type { Caller } from '../platform/http/route.ts'
import type { Log } from '../platform/log/log.ts'
import type { Hubs } from './hubs.ts'
import type { Peer } from './room-hub.ts'

interface Deps {
  hubs: Hubs
  log: Log
  callerOf: (sessionId: string) => Promise<Caller | undefined>
}

const atOnce = 50

/** One round: every session that stands behind a socket is looked at once. */
export const recheckAudience = async ({ hubs, log, callerOf }: Deps): Promise<void> => {
  const bySession = new Map<string, Peer[]>()
  for (const hub of hubs.all()) {
    for (const peer of hub.peers) {
      const sessionId = peer.caller?.sessionId
      if (sessionId !== undefined) bySession.set(sessionId, [...(bySession.get(sessionId) ?? []), peer])
    }
  }
  const sessions = [...bySession]
  for (let i = 0; i < sessions.length; i += atOnce) {
    const work = sessions.slice(i, i + atOnce).map(async ([sessionId, peers]) => {
      const caller = await callerOf(sessionId)
      for (const peer of peers) {
        if (caller) peer.caller = caller
        else peer.close(1008, 'signed out')
      }
    })
    for (const result of await Promise.allSettled(work)) {
      if (result.status === 'rejected')
        log.warn({ err: result.reason as unknown }, 'a socket was not looked at again')
    }
  }
}
