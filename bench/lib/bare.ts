/**
 * Owns the peer of the API's measures: a bare Fastify that has every answer as objects in memory and serialises them
 * for each request. Run as a process of its own; it reads one message with the answers and says its port.
 */
import fastify from 'fastify'

interface Answers {
  /** By path with query; each is serialised anew for each request. */
  pages: Record<string, unknown>
  /** Numbers that `POST /check_mobile` calls taken. */
  mobiles: string[]
}

const serve = async (answers: Answers): Promise<void> => {
  const app = fastify()
  const pages = new Map(Object.entries(answers.pages))
  const taken = new Set(answers.mobiles)
  app.get('/*', (request) => pages.get(request.url))
  app.post('/check_mobile', (request, reply) => {
    const { mobile } = request.body as { mobile: string }
    if (!taken.has(mobile)) return { code: 200, msg: 'OK', data: null }
    return reply.code(400).send({ code: 400, error: 'mobile_taken', msg: 'taken', details: [] })
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  process.send?.({ port: (app.server.address() as { port: number }).port })
}
process.once('message', (answers: Answers) => void serve(answers))
process.on('disconnect', () => process.exit(0))
