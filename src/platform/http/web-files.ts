/** Owns serving the built web: hashed files for ever, its page for every other address of the site. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../errors/app-error.ts'
import type { Log } from '../log/log.ts'
import { sendFailure } from './failure.ts'

/** What below these prefixes is not found is an API's 404, not a page; nor is an address that no page could have. */
const notPages = /^\/(api|passport|play|docs|embed|oembed|assets|users|sitemap)(\/|$)/
const pageAddress = /^\/(?!\/)[\w@/-]*$/

/** Gives the page for one address its head, and says whether there is anything at this address. */
export type DressPage = (
  request: FastifyRequest,
  path: string,
  page: string,
) => Promise<{ status: number; html: string }>

/** Serves `directory` (web/dist). Without a build every page says how to make one. */
export const registerWebFiles = async (
  app: FastifyInstance,
  { directory, log, dressPage }: { directory: string; log: Log; dressPage: DressPage },
): Promise<void> => {
  const hasBuild = existsSync(join(directory, 'index.html'))
  if (hasBuild) {
    await app.register(fastifyStatic, {
      root: directory,
      index: false,
      wildcard: false,
      dotfiles: 'deny',
      preCompressed: true,
      globIgnore: ['**/*.br', '**/*.gz', 'index.html', 'embed.html'],
      schemaHide: true,
      setHeaders: (reply, path) => {
        const isHashed = path.includes('/assets/')
        reply.header(
          'cache-control',
          isHashed ? 'public, max-age=31536000, immutable' : 'public, max-age=600',
        )
      },
    })
  }
  const page = hasBuild ? await readFile(join(directory, 'index.html'), 'utf8') : undefined
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?')[0] ?? '/'
    const isPage =
      (request.method === 'GET' || request.method === 'HEAD') &&
      pageAddress.test(path) &&
      !notPages.test(path)
    if (!isPage) return sendFailure(new AppError('not_found'), request, reply, log)
    if (page === undefined) {
      return reply
        .code(503)
        .type('text/plain; charset=utf-8')
        .send('The web is not built yet: run  npm run build\n')
    }
    const { status, html } = await dressPage(request, path, page)
    return reply
      .code(status)
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-cache')
      .header('vary', 'accept-language')
      .send(html)
  })
}
