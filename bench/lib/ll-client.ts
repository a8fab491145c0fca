/**
 * Owns a low-latency viewer without a screen: it asks as hls.js does (blocking reload, then the part) and hands on what
 * came and when. It is cheap enough for hundreds in one process.
 */
import { Agent, request } from 'node:http'

export interface Answer {
  status: number
  body: Buffer
  /** When its last byte was here, ms since 1970. */
  atMs: number
}

export const nowMs = (): number => performance.timeOrigin + performance.now()

const agent = new Agent({ keepAlive: true, maxSockets: Infinity })

export const get = (url: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks), atMs: nowMs() }),
      )
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.end()
  })

export interface Hint {
  msn: number
  part: number
  uri: string
}

export const hintOf = (playlist: string): Hint | undefined => {
  const found = /#EXT-X-PRELOAD-HINT:TYPE=PART,URI="([^"]*p(\d+)\.(\d+)\.mp4)"/.exec(playlist)
  return found === null ? undefined : { uri: found[1] ?? '', msn: Number(found[2]), part: Number(found[3]) }
}

export interface LlEvents {
  /** An answer to a blocked request for `hint`. */
  onPlaylist?(answer: Answer, hint: Hint): void
  /** The part that it told of. */
  onPart?(answer: Answer, hint: Hint): void
  onTrouble?(what: string): void
}

/** Watches until `isOver`; survives everything, and says what it survived. */
export const watchLl = async (
  base: string,
  events: LlEvents,
  isOver: () => boolean,
  query = '',
): Promise<void> => {
  let hint: Hint | undefined
  while (!isOver()) {
    try {
      const address =
        hint === undefined
          ? `${base}/ll.m3u8${query}`
          : `${base}/ll.m3u8?_HLS_msn=${hint.msn}&_HLS_part=${hint.part}`
      const answer = await get(address)
      if (answer.status !== 200) {
        events.onTrouble?.(`playlist ${answer.status}`)
        hint = undefined
        await new Promise((resolve) => setTimeout(resolve, 250))
        continue
      }
      const text = answer.body.toString()
      const asked = hint
      if (asked !== undefined) {
        events.onPlaylist?.(answer, asked)
        if (text.includes(`"${asked.uri}"`)) events.onPart?.(await get(`${base}/${asked.uri}`), asked)
      }
      if (text.includes('#EXT-X-ENDLIST')) return
      hint = hintOf(text)
    } catch (error) {
      events.onTrouble?.(String(error))
      hint = undefined
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
}
