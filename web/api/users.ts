/** Owns profiles: one's own and others'. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import type { z } from 'zod'
import { getUser, patchMe, postAvatar } from '../../contract/user.ts'
import { call } from './client.ts'
import { acceptUser } from './session.ts'

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
