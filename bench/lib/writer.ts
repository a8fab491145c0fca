/**
 * Owns writing into a running server at a steady pace, or as fast as it goes, from a process of its own so that who
 * measures is not held up. It reads one message with what to do and says how many answers came, and which were wrong.
 */
import { Agent, request } from 'node:http'

export interface Work {
  base: string
  /** One after the other, over and over. */
  requests: { method: string; path: string; token: string; body?: string }[]
  connections: number
  /** Requests a second; as many as go without it. */
  pace?: number
  /** Ends after so long; without it when it is killed. */
  seconds?: number
}

export interface Written {
  answers: number
  wrong: Record<string, number>
  seconds: number
}

const agent = new Agent({ keepAlive: true, maxSockets: 256 })

const send = (base: string, { method, path, token, body }: Work['requests'][number]): Promise<number> =>
  new Promise((resolve, reject) => {
    const call = request(
      base + path,
      {
        method,
        agent,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          }),
        },
      },
      (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode ?? 0))
      },
    )
    call.on('error', reject)
    call.end(body)
  })

const run = async (work: Work): Promise<Written> => {
  const { base, requests, connections, pace, seconds = Infinity } = work
  const wrong: Record<string, number> = {}
  const beganMs = performance.now()
  let sent = 0
  let answers = 0
  const isOver = (): boolean => performance.now() - beganMs >= seconds * 1000 || sent >= requests.length
  const one = async (): Promise<void> => {
    while (!isOver()) {
      const n = sent++
      if (pace !== undefined) {
        const dueMs = beganMs + (n / pace) * 1000 - performance.now()
        if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs))
      }
      const wanted = requests[n]
      if (wanted === undefined) return
      const status = await send(base, wanted).catch(() => 0)
      answers++
      if (status !== 200) wrong[status] = (wrong[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: connections }, one))
  return { answers, wrong, seconds: (performance.now() - beganMs) / 1000 }
}

process.once('message', (work: Work) => {
  void run(work).then((written) => process.send?.(written, () => process.exit(0)))
})
process.on('disconnect', () => process.exit(0))
