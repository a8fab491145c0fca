/**
 * Owns which events there are and what each carries. Events are named in the past tense, `video.published`; a
 * feature adds its own by declaration merging in its contract file:
 *
 *     declare module './events.ts' { interface Events { 'video.published': { video_id: string } } }
 *
 * Payloads are plain JSON and hold ids, not copies of rows: what is read later may have changed.
 */

export interface Events {
  /** Nobody sends it; it keeps the map from being empty. */
  'platform.none': Record<string, never>
}

export type EventType = keyof Events

/** An event as its consumers see it. */
export type EventOf<T extends EventType = EventType> = {
  [K in T]: {
    /** Grows with time; the same event has the same id each time it is delivered. */
    readonly id: number
    readonly type: K
    readonly payload: Events[K]
    readonly atMs: number
  }
}[T]
