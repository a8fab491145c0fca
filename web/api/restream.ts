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
import { language, networkText } from './language.ts'
import { freshToken } from './session.ts'

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
  const token = await freshToken()
  const response = await fetch(`${obsKitPath}?rotate=${rotate}`, {
    method: 'POST',
    headers: {
      'X-Vireo-Client': 'web',
      'Accept-Language': language(),
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
    },
  }).catch((cause: unknown) => {
    throw new ApiError('network', 0, networkText(), { cause })
  })
  if (response.ok) return response.blob()
  const json = (await response.json().catch(() => ({}))) as { error?: ApiError['error']; msg?: string }
  throw new ApiError(json.error ?? 'unknown', response.status, json.msg ?? `HTTP ${response.status}`)
}
