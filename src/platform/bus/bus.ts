/**
 * Owns the shape of publish and subscribe between processes. A message may be lost (a process that is away does not
 * get it later): it wakes somebody or refreshes a view, and never is the only place where something is written.
 */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

export type Unsubscribe = () => Promise<void>

export interface Bus extends AsyncDisposable {
  /** To every subscriber of the channel, in this process too. Never throws: what is lost is logged. */
  publish(channel: string, message: Json): Promise<void>
  /** Resolves when messages arrive. What the handler throws is logged and hurts nobody else. */
  subscribe(channel: string, handler: (message: unknown) => void | Promise<void>): Promise<Unsubscribe>
}
