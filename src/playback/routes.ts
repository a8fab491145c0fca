/**
 * Owns the routes below /play: videos at plain and at signed addresses, and pictures. A name in an address is matched
 * against what there can be, never made into a path.
 */
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { masterPlaylist } from '../media/remux/playlist.ts'
import type { Blobs } from '../platform/blob/blob.ts'
import { AppError } from '../platform/errors/app-error.ts'
import { sendBytes } from '../platform/http/ranges.ts'
import type { ByteSource } from '../platform/http/ranges.ts'
import type { FindPlayable, Playable } from '../video/index.ts'
import { createBlobSource, fileSource, textSource } from './files.ts'
import { createRecordingPlaylists } from './recording.ts'
import { wholeFile } from './whole-file.ts'

interface Deps {
  app: FastifyInstance
  blobs: Blobs
  playable: FindPlayable
}

/** Asked again each time, so that what was deleted or made private ends at once; unchanged it costs 304. */
const asked = 'no-cache'
/** A picture's name is random and its bytes never change. */
const forever = 'public, max-age=31536000, immutable'

const playlistName = 'media.m3u8'

export const mountPlaybackRoutes = ({ app, blobs, playable }: Deps): void => {
  const recordingPlaylist = createRecordingPlaylists()
  const blobSource = createBlobSource(blobs, { keepsOpen: true })
  const pictureSource = createBlobSource(blobs, { keepsOpen: false })

  const uploadFile = async (video: Playable & { source: 'upload' }, name: string) => {
    if (name === playlistName) return blobSource(video.playlistKey, asked)
    if (name === video.mediaFile) return blobSource(video.mediaKey, asked)
    return undefined
  }
  const recordingFile = async (video: Playable & { source: 'recording' }, name: string) => {
    if (name === playlistName) {
      const text = await recordingPlaylist(video.directory)
      return text === undefined ? undefined : textSource(text, name, asked)
    }
    return /^b\d{1,6}\.mp4$/.test(name) ? fileSource(join(video.directory, name), asked) : undefined
  }
  const fileOf = async (video: Playable, name: string): Promise<ByteSource | undefined> => {
    if (name === 'master.m3u8')
      return textSource(masterPlaylist({ uri: playlistName, ...video }), name, asked)
    const beside = video.beside(name)
    if (beside !== undefined) return blobSource(beside, asked)
    return video.source === 'upload' ? uploadFile(video, name) : recordingFile(video, name)
  }

  /** A recording as one file, named for whoever keeps it. */
  const serveWhole = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id, grant } = request.params as { id: string; grant: string }
    if (!/^[0-9A-Za-z_-]{1,64}$/.test(id)) throw new AppError('not_found')
    const video = await playable(id, grant, 'take')
    const source = video.source === 'recording' ? await wholeFile(video.directory, video.version) : undefined
    if (source === undefined) throw new AppError('not_found')
    reply.header('content-disposition', `attachment; filename="${id}.mp4"`)
    return sendBytes(request, reply, source)
  }

  const serveVideo = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id, file, grant } = request.params as { id: string; file: string; grant?: string }
    if (!/^[0-9A-Za-z_-]{1,64}$/.test(id)) throw new AppError('not_found')
    const source = await fileOf(await playable(id, grant), file)
    if (source === undefined) throw new AppError('not_found')
    allowEmbedding(reply)
    return sendBytes(request, reply, source)
  }

  const servePicture = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { area, name } = request.params as { area: string; name: string }
    const isOurs = /^[a-z]{1,20}$/.test(area) && /^[0-9A-Za-z_-]{8,64}\.(jpg|webp)$/.test(name)
    const source = isOurs ? await pictureSource(`images/${area}/${name}`, forever) : undefined
    if (source === undefined) throw new AppError('not_found')
    return sendBytes(request, reply, source)
  }

  const method = ['GET', 'HEAD']
  const schema = { hide: true }
  app.route({ method, url: '/play/videos/:id/:file', schema, handler: serveVideo })
  app.route({ method, url: '/play/s/:grant/videos/:id/whole.mp4', schema, handler: serveWhole })
  app.route({ method, url: '/play/s/:grant/videos/:id/:file', schema, handler: serveVideo })
  app.route({ method, url: '/play/images/:area/:name', schema, handler: servePicture })
}

/** Media may be played by other sites' players; what is not public is guarded by its address. */
const allowEmbedding = (reply: FastifyReply): void => {
  reply.header('access-control-allow-origin', '*').header('cross-origin-resource-policy', 'cross-origin')
}
