/** Owns what an endpoint is: one object that validates, types, documents and is called from the web. */
import type { z } from 'zod'
import type { ErrorCode } from './errors.ts'

/** A sentence in both languages; `{name}` is filled from the handler's parameters. */
export interface Text {
  readonly zh: string
  readonly en: string
}

/**
 * Who may call: `none` anybody, `optional` anybody, but a caller who is signed in is known, `user` signed in,
 * `moderator` and `admin` by role.
 */
export type Access = 'none' | 'optional' | 'user' | 'moderator' | 'admin'

export interface Endpoint<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Data extends z.ZodType = z.ZodType,
  Who extends Access = Access,
> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** From the root, with `{name}` for parameters: `/api/v1/videos/{id}`. */
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly access: Who
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  /** The shape of `data` in the envelope. */
  readonly data: Data
  readonly errors?: readonly ErrorCode[]
  /** What a success says instead of 成功 / OK. */
  readonly success?: Text
  /** What a failure says here instead of the code's own text. */
  readonly messages?: Partial<Record<ErrorCode, Text>>
  /** The body is one picture as multipart/form-data, field `file`; `body` then stays empty. */
  readonly multipart?: boolean
  /** All who are not signed in may get the same answer for a second; see decision 0010. */
  readonly shared?: boolean
}

/** Declares an endpoint and keeps its exact types. */
export const endpoint = <
  Data extends z.ZodType,
  Who extends Access,
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
>(
  spec: Endpoint<Params, Query, Body, Data, Who>,
): Endpoint<Params, Query, Body, Data, Who> => Object.freeze(spec)

/** What a caller gives: the endpoint's params, query and body. */
export type InputOf<E> =
  E extends Endpoint<infer P, infer Q, infer B, infer _D, infer _W>
    ? (P extends z.ZodUndefined ? object : { params: z.input<P> }) &
        (Q extends z.ZodUndefined ? object : { query?: z.input<Q> }) &
        (B extends z.ZodUndefined ? object : { body: z.input<B> })
    : never

/** What a handler gets: the same, validated, and who may be calling. */
export type ParsedOf<E> =
  E extends Endpoint<infer P, infer Q, infer B, infer _D, infer W>
    ? { params: z.output<P>; query: z.output<Q>; body: z.output<B>; access: W }
    : never

/** What a success holds under `data`. */
export type DataOf<E> =
  E extends Endpoint<infer _P, infer _Q, infer _B, infer D, infer _W> ? z.output<D> : never
