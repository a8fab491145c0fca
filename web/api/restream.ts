/** Owns what the web asks about destinations, the overlay and the profile for OBS. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import {
  addDestination,
  changeDestination,
  getMyOverlay,
  listDestinations,
  obsKitPath,
  openOverlay,
  removeDestination,
  renewOverlay,
} from '../../contract/restream.ts'
import { ApiError } from './call.ts'
import { call } from './client.ts'
import { currentToken } from './session.ts'

export type { Destination } from '../../contract/restream.ts'

const changing = <T, D>(key: string, change: (input: T) => Promise<D>) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () => client.invalidateQueries({ queryKey: [key] }),
  })
}

export const useDestinations = () =>
  useQuery({
    queryKey: ['destinations'],
    queryFn: ({ signal }) => call(listDestinations, {}, { signal }),
    refetchInterval: 3000,
  })
export interface DestinationDraft {
  name: string
  url: string
  stream_key: string
}
export const useDestinationAdd = () =>
  changing('destinations', (body: DestinationDraft) => call(addDestination, { body }))
export const useDestinationChange = () =>
  changing('destinations', ({ id, ...body }: { id: string; enabled?: boolean } & Partial<DestinationDraft>) =>
    call(changeDestination, { params: { id }, body }),
  )
export const useDestinationRemove = () =>
  changing('destinations', (id: string) => call(removeDestination, { params: { id } }))

export const useOverlay = () =>
  useQuery({ queryKey: ['overlay'], queryFn: ({ signal }) => call(getMyOverlay, {}, { signal }) })
export const useOverlayRenewal = () => changing('overlay', (_: void) => call(renewOverlay, { body: {} }))
export const roomOfOverlay = (secret: string) => call(openOverlay, { body: { secret } })

/** A zip, no envelope; with `rotate` it holds a fresh stream key. */
export const fetchObsKit = async (rotate: boolean): Promise<Blob> => {
  // Asked first: it renews a token that has run out.
  await call(getMyOverlay, {})
  const response = await fetch(`${obsKitPath}?rotate=${rotate}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${currentToken() ?? ''}` },
    credentials: 'same-origin',
  })
  if (!response.ok) throw new ApiError('unknown', response.status, response.statusText)
  return response.blob()
}
