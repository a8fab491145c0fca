/** Owns who listens to which channel in this process. A handler that throws is logged and hurts nobody else. */
import type { Log } from '../log/log.ts'

export type Handler = (message: unknown) => void | Promise<void>

export const createHandlers = (log: Log) => {
  // A wrapper per subscription: the same function may subscribe twice.
  const channels = new Map<string, Set<{ handler: Handler }>>()

  const call = async (channel: string, handler: Handler, text: string): Promise<void> => {
    try {
      await handler(JSON.parse(text))
    } catch (error) {
      log.error({ err: error, channel }, 'a subscriber failed')
    }
  }

  return {
    /** `first`: nobody listened before; `remove` tells whether nobody does after. */
    add(channel: string, handler: Handler): { first: boolean; remove: () => boolean } {
      const found = channels.get(channel)
      const listeners = found ?? new Set()
      const entry = { handler }
      channels.set(channel, listeners.add(entry))
      return {
        first: !found,
        remove() {
          if (!listeners.delete(entry) || listeners.size > 0) return false
          if (channels.get(channel) === listeners) channels.delete(channel)
          return true
        },
      }
    },
    /** For those who listen now; the call then leaves out whoever has stopped listening meanwhile. */
    delivery(channel: string, text: string): () => void {
      const listeners = channels.get(channel)
      const entries = [...(listeners ?? [])]
      return () => {
        for (const entry of entries) if (listeners?.has(entry)) void call(channel, entry.handler, text)
      }
    },
    clear() {
      for (const listeners of channels.values()) listeners.clear()
      channels.clear()
    },
  }
}
