/** Owns what the web knows of the site it stands on. */
import { useQuery } from '@tanstack/vue-query'
import { getSite, socketTicket } from '../../contract/site.ts'
import { call } from './client.ts'
import { freshToken } from './session.ts'

export const useSite = () =>
  useQuery({
    queryKey: ['site'],
    queryFn: ({ signal }) => call(getSite, {}, { signal }),
    staleTime: 60_000,
    refetchInterval: 120_000,
  })

/** A ticket for one socket; undefined when nobody is signed in. */
export const takeSocketTicket = async (): Promise<string | undefined> =>
  (await freshToken()) ? (await call(socketTicket, { body: {} })).ticket : undefined
