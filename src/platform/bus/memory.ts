/** Owns publish and subscribe inside one process. */
import type { Log } from '../log/log.ts'
import type { Bus } from './bus.ts'
import { createHandlers } from './handlers.ts'

export const createMemoryBus = (deps: { log: Log }): Bus => {
  const handlers = createHandlers(deps.log)
  return {
    async publish(channel, message) {
      // As text, so that no handler gets an object that its publisher still changes.
      setImmediate(handlers.delivery(channel, JSON.stringify(message)))
    },
    subscribe: async (channel, handler) => {
      const { remove } = handlers.add(channel, handler)
      return async () => void remove()
    },
    async [Symbol.asyncDispose]() {
      handlers.clear()
    },
  }
}
