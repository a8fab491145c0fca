/** Owns searching: hits, suggestions while typing, and what is looked for most. */
import { useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { hotSearches, listVideos, suggestSearches } from '../../contract/video.ts'
import type { VideoLength } from '../../contract/video.ts'
import { call } from './client.ts'
import type { CategoryId } from './shapes.ts'
import { nextPage, pageSize, start } from './reactions.ts'

export interface SearchFilter {
  q?: string | undefined
  tag?: string | undefined
  sort?: 'newest' | 'likes' | 'plays' | 'hot' | undefined
  category?: CategoryId | undefined
  length?: VideoLength | undefined
}

export const useSearch = (filter: () => SearchFilter) =>
  useInfiniteQuery({
    queryKey: ['search', filter],
    queryFn: ({ pageParam, signal }) =>
      call(listVideos, { query: { ...filter(), limit: pageSize, cursor: pageParam } }, { signal }),
    initialPageParam: start,
    getNextPageParam: nextPage,
    enabled: () => Boolean(filter().q ?? filter().tag),
  })

export const useSuggestions = (q: () => string) =>
  useQuery({
    queryKey: ['suggestions', q],
    queryFn: ({ signal }) => call(suggestSearches, { query: { q: q() } }, { signal }),
    enabled: () => q() !== '',
    staleTime: 60_000,
    placeholderData: (old) => old,
  })

export const useHotSearches = (enabled: () => boolean) =>
  useQuery({
    queryKey: ['hot-searches'],
    queryFn: ({ signal }) => call(hotSearches, {}, { signal }),
    enabled,
    staleTime: 60_000,
  })
