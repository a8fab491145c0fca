/** Owns the API's side of publications over the link: who publishes through this process, and who was cut. */
import { cutReasons } from './cut-reasons.ts'
import type { LinkClient } from './link-client.ts'
import type { IngestLink } from './types.ts'

export interface LinkPublishing {
  publish: IngestLink['publish']
  /** Ingest ended the publication. */
  onCut(id: number, reason: string): void
  /** The link broke, and ingest has forgotten them all. */
  onDown(): void
}

export const createLinkPublishing = (client: () => LinkClient): LinkPublishing => {
  const cuts = new Map<number, (reason: string) => void>()
  let nextId = 1

  const onCut = (id: number, reason: string): void => {
    const cut = cuts.get(id)
    cuts.delete(id)
    cut?.(reason)
  }

  return {
    publish(answer, address, cut) {
      if (!client().connected) return undefined
      const id = nextId++
      cuts.set(id, cut)
      client().send({ t: 'publish', id, address, answer })
      return {
        media: (kind, ms, body) => !cuts.has(id) || client().send({ t: 'media', id, kind, ms }, body),
        size: (width, height) => void (cuts.has(id) && client().send({ t: 'size', id, width, height })),
        drained: () => client().drained(),
        end(how) {
          if (cuts.delete(id)) client().send({ t: 'unpublish', id, how })
        },
      }
    },
    onCut,
    onDown() {
      for (const id of [...cuts.keys()]) onCut(id, cutReasons.linkDown)
    },
  }
}
