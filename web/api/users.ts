/** Owns profiles: one's own and others'. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import type { z } from 'zod'
import { getUser, patchMe, postAvatar } from '../../contract/user.ts'
import { ApiError } from './call.ts'
import { call } from './client.ts'
import { acceptUser } from './session.ts'
import type { User } from './shapes.ts'

export type ProfileChange = z.input<NonNullable<(typeof patchMe)['body']>>

export const useUser = (id: () => string) =>
  useQuery({
    queryKey: ['user', id],
    queryFn: ({ signal }) => call(getUser, { params: { id: id() } }, { signal }),
  })

export const useProfileChange = () => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: ProfileChange) => call(patchMe, { body }),
    onSuccess: (me) => {
      acceptUser(me)
      void client.invalidateQueries({ queryKey: ['user'] })
    },
  })
}

export const useAvatarUpload = () => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (file: Blob) => call(postAvatar, { file }),
    onSuccess: (me) => {
      acceptUser(me)
      void client.invalidateQueries({ queryKey: ['user'] })
    },
  })
}

/** By user name or id; undefined where there is nobody. */
export const lookUpUser = async (name: string): Promise<User | undefined> => {
  for (const id of [`@${name}`, name]) {
    if (!/^@?[0-9A-Za-z_-]{1,64}$/.test(id)) continue
    try {
      return await call(getUser, { params: { id } })
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error
    }
  }
  return undefined
}
