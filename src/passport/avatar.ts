/** Owns a user's picture: re-encoded, small, under a random name; the one before it goes. */
import type { Blobs } from '../platform/blob/blob.ts'
import { randomName } from '../platform/ids/ids.ts'
import { shapes } from '../platform/image/image.ts'
import type { Images } from '../platform/image/image.ts'
import type { UserService } from '../user/index.ts'

interface Deps {
  blobs: Blobs
  images: Images
  users: UserService
}

export type SetAvatar = (userId: string, picture: Uint8Array) => Promise<void>

/** Throws `image_invalid`. */
export const createSetAvatar =
  ({ blobs, images, users }: Deps): SetAvatar =>
  async (userId, picture) => {
    const key = `images/avatars/${randomName()}.webp`
    await blobs.put(key, await images.reshape(picture, shapes.avatar), { contentType: 'image/webp' })
    const before = (await users.row(userId))?.avatar_key
    await users.setAvatar(userId, key)
    if (before) await blobs.delete(before)
  }
