/** Owns filters that live in the address, so that going back and sharing a link keep them. */
import { computed } from 'vue'
import type { WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/** The address's value under `name`, or `fallback`; writing replaces it and drops the names in `resets`. */
export const useQueryRef = <T extends string>(
  name: string,
  fallback: T,
  options: { allowed?: readonly T[]; resets?: readonly string[] } = {},
): WritableComputedRef<T> => {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => {
      const value = route.query[name]
      if (typeof value !== 'string') return fallback
      return options.allowed === undefined || options.allowed.includes(value as T) ? (value as T) : fallback
    },
    set: (value) => {
      const cleared = Object.fromEntries((options.resets ?? []).map((other) => [other, undefined]))
      const query = { ...route.query, ...cleared, [name]: value === fallback ? undefined : value }
      void router.replace({ query })
    },
  })
}
