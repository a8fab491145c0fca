/** Owns how bodies are read: strict JSON and forms, nothing else. Bad UTF-8, `__proto__` and other types are refused. */
import { parse as parseForm } from 'node:querystring'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors/app-error.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })
const forms = new WeakSet()
const maxFields = 100

/** True for a body that came as a form, whose values are all text. */
export const isForm = (body: unknown): boolean => typeof body === 'object' && body !== null && forms.has(body)

export const registerBodies = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers()
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const text = decode(body)
    if (text === undefined) done(new AppError('params_invalid'))
    else if (text.trim() === '') done(null, undefined)
    else void parseJson(request, text, done)
  })
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    (_request, body, done) => {
      const text = decode(body)
      if (text === undefined || !isEscapedUtf8(text)) {
        done(new AppError('params_invalid'))
        return
      }
      // querystring's object has no prototype, so `__proto__` is a field like any other: unknown.
      const form = { ...parseForm(text, '&', '=', { maxKeys: maxFields }) }
      forms.add(form)
      done(null, form)
    },
  )
}

const decode = (body: string | Buffer): string | undefined => {
  try {
    return utf8.decode(body as Buffer)
  } catch {
    return undefined
  }
}

const isEscapedUtf8 = (text: string): boolean => {
  try {
    decodeURIComponent(text.replaceAll('+', ' '))
    return true
  } catch {
    return false
  }
}
