/** Owns who is signed in: the access token in memory, the refresh by cookie, and the news between tabs. */
import { computed, readonly, shallowRef } from 'vue'
import { logout, refresh as refreshEndpoint } from '../../contract/passport.ts'
import type { Tokens } from '../../contract/passport.ts'
import type { Me } from '../../contract/user.ts'
import { ApiError, createCall } from './call.ts'
import { language, networkText } from './language.ts'

const flag = 'vireo.signed_in'
// Refreshed this long before its end, so that an upload or socket never starts with a dying token.
const earlyMs = 60_000

let accessToken: string | undefined
let endsAt = 0
let inFlight: Promise<boolean> | undefined
const me = shallowRef<Me | null>(null)
const settled = shallowRef(false)
const listeners = new Set<() => void>()

/** Reads whether this browser was signed in; storage may be forbidden. */
const flagged = (): boolean => {
  try {
    return localStorage.getItem(flag) === '1'
  } catch {
    return false
  }
}
const setFlag = (on: boolean): void => {
  try {
    if (on) localStorage.setItem(flag, '1')
    else localStorage.removeItem(flag)
  } catch {
    // Then a reload signs out; nothing else depends on it.
  }
}

const bare = createCall({ base: '', language, token: () => accessToken, networkText })

export const user = computed(() => me.value)
export const signedIn = computed(() => me.value !== null)
/** False until it is known whether somebody is signed in. */
export const sessionSettled = readonly(settled)
/** Guess before that: a browser that was signed in most probably still is. */
export const probablySignedIn = computed(() => (settled.value ? me.value !== null : flagged()))

/** Calls `heard` whenever somebody signs in or out. */
export const onSessionChange = (heard: () => void): void => {
  listeners.add(heard)
}

export const acceptTokens = (tokens: Tokens): void => {
  const changed = me.value?.id !== tokens.user.id
  accessToken = tokens.access_token
  endsAt = Date.now() + tokens.expires_in * 1000
  me.value = tokens.user
  settled.value = true
  setFlag(true)
  if (changed) for (const heard of listeners) heard()
}

export const acceptUser = (fresh: Me): void => {
  me.value = fresh
}

const drop = (forget: boolean): void => {
  const changed = me.value !== null
  accessToken = undefined
  endsAt = 0
  me.value = null
  settled.value = true
  if (forget) setFlag(false)
  if (changed) for (const heard of listeners) heard()
}

/** The server ended the session; nothing is asked of it any more. */
export const forgetSession = (): void => drop(true)

const firstDelayMs = 2_000
let delayMs = firstDelayMs
/** The server was away, or busy: who was signed in is so again as soon as it answers. */
const tryAgain = (): void => {
  setTimeout(() => {
    if (!me.value && flagged()) void refreshSession()
  }, delayMs)
  delayMs = Math.min(60_000, delayMs * 2)
}

const refreshNow = async (): Promise<boolean> => {
  try {
    acceptTokens(await bare(refreshEndpoint, { body: {} }))
    delayMs = firstDelayMs
    return true
  } catch (error) {
    const over = error instanceof ApiError && error.status > 0 && error.status < 500 && error.status !== 429
    if (over) drop(true)
    else if (!me.value) {
      settled.value = true
      tryAgain()
    }
    return false
  }
}

/** One refresh at a time; two tabs at once are covered by the server's 30 s of grace. */
export const refreshSession = (): Promise<boolean> =>
  (inFlight ??= refreshNow().finally(() => {
    inFlight = undefined
  }))

let first: Promise<void> | undefined
/** Resolves when the first refresh after a load is through. */
export const sessionReady = (): Promise<void> =>
  (first ??= flagged()
    ? refreshSession().then(() => undefined)
    : Promise.resolve(void (settled.value = true)))

export const currentToken = (): string | undefined => accessToken

/** An access token with at least a minute left, or undefined when nobody is signed in. */
export const freshToken = async (): Promise<string | undefined> => {
  await sessionReady()
  if (accessToken && endsAt - Date.now() < earlyMs) await refreshSession()
  return accessToken
}

export const signOut = async (): Promise<void> => {
  try {
    await bare(logout, { body: {} })
  } finally {
    drop(true)
  }
}

/** Starts the session of this page and follows what other tabs do. */
export const startSession = (): void => {
  void sessionReady()
  addEventListener('storage', (event) => {
    if (event.key !== flag) return
    if (event.newValue === '1') void refreshSession()
    else drop(false)
  })
  addEventListener('online', () => {
    if (!me.value && flagged()) void refreshSession()
  })
}
