/** Owns the page's `call` and the query client with its rules of retrying. */
import { QueryClient } from '@tanstack/vue-query'
import { ApiError, createCall } from './call.ts'
import { language, networkText } from './language.ts'
import { currentToken, onSessionChange, refreshSession, sessionReady } from './session.ts'

export const call = createCall({
  base: '',
  language,
  token: currentToken,
  ready: sessionReady,
  refresh: refreshSession,
  networkText,
})

const worthRetrying = (error: Error): boolean =>
  error instanceof ApiError && (error.error === 'network' || error.status >= 502)

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 10 * 60_000,
      retry: (failures, error) => failures < 2 && worthRetrying(error),
      // A page says itself when the network is gone; a paused query would look like endless loading.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
})

onSessionChange(() => {
  void queryClient.invalidateQueries()
})
