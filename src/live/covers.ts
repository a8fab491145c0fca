/** Owns which picture stands for a room: what is on now, the cover its owner chose, or the last session's last picture. */
import { buffer } from 'node:stream/consumers'
import type { Blobs } from '../platform/blob/blob.ts'
import type { Db } from '../platform/db/db.ts'
import { publicId } from '../platform/ids/ids.ts'
import { shapes } from '../platform/image/image.ts'
import type { Images } from '../platform/image/image.ts'
import type { UserService } from '../user/index.ts'
import type { Pictures } from './pictures.ts'
import { roomStateOf } from './rules.ts'
import * as store from './store.ts'
import type { SessionRow } from './store.ts'

interface Deps {
  db: Db
  blobs: Blobs
  images: Images
  pictures: Pictures
  users: UserService
}

export type LiveCovers = ReturnType<typeof createCovers>

const jpegType = { contentType: 'image/jpeg' }

export const createCovers = ({ db, blobs, images, pictures, users }: Deps) => {
  const read = async (key: string | null | undefined): Promise<Buffer | undefined> => {
    const found = key == null ? undefined : await blobs.get(key)
    return found && buffer(found.body)
  }

  return {
    /** The picture that a room shows now; undefined where there is none. */
    async show(roomId: string): Promise<Buffer | undefined> {
      const user = await users.byRoom(roomId)
      if (user === undefined) return undefined
      const [room, running] = await Promise.all([store.findRoom(db, user.id), store.findRunning(db, user.id)])
      if (running && roomStateOf(running) !== 'idle') {
        const now = await pictures.of(running.id)
        if (now) return now
      }
      return (await read(room?.cover_key)) ?? read((await store.findLast(db, user.id))?.cover_key)
    },

    /** Re-encodes and keeps a room's own cover; its key. Throws `image_invalid`. */
    async keep(roomId: string, picture: Buffer): Promise<string> {
      const key = `live/rooms/${roomId}/${publicId()}.jpg`
      await blobs.put(key, await images.reshape(picture, shapes.cover), jpegType)
      return key
    },

    drop: (key: string): Promise<void> => blobs.delete(key),

    /** Keeps a session's last picture beyond the session; undefined where none could be made. */
    async keepLast(session: SessionRow): Promise<Buffer | undefined> {
      const jpeg = await pictures.last(session.id)
      if (jpeg === undefined) return read(session.cover_key)
      const key = `live/sessions/${session.id}.jpg`
      await blobs.put(key, jpeg, jpegType)
      await store.updateSession(db, session.id, { cover_key: key })
      return jpeg
    },
  }
}
