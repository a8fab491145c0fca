/** Owns what somebody keeps of watching: history, watch later, playlists. */
import { z } from 'zod'
import {
  apiPrefix,
  empty,
  id,
  idParams,
  line,
  nothing,
  page,
  pageQuery,
  prose,
  seconds,
  time,
} from './common.ts'
import { endpoint } from './endpoint.ts'
import { author } from './user.ts'
import { kept, visibility } from './video.ts'

const tag = 'library'
const me = `${apiPrefix}/me`
const count = z.number().int()

const watched = kept.extend({ position: seconds, watch_time: time })

export const listHistory = endpoint({
  method: 'GET',
  path: `${me}/history`,
  tag,
  summary: 'What I watched and how far, last watched first; `paused` says that nothing is added',
  access: 'user',
  query: pageQuery,
  data: page(watched).extend({ paused: z.boolean() }),
  errors: ['cursor_invalid'],
})

export const clearHistory = endpoint({
  method: 'DELETE',
  path: `${me}/history`,
  tag,
  summary: 'Forget one video that I watched, or all of them',
  access: 'user',
  query: z.object({ video: id.optional() }),
  data: nothing,
})

export const patchHistory = endpoint({
  method: 'PATCH',
  path: `${me}/history`,
  tag,
  summary: 'Pause the history or go on with it',
  access: 'user',
  body: z.strictObject({ paused: z.boolean() }),
  data: z.object({ paused: z.boolean() }),
  success: { zh: '已保存', en: 'Saved' },
})

export const getProgress = endpoint({
  method: 'GET',
  path: `${apiPrefix}/videos/{id}/progress`,
  tag,
  summary: 'Where I stopped in a video, and whether it stands in my watch later',
  access: 'user',
  params: idParams,
  data: z.object({ position: seconds.nullable(), watch_later: z.boolean() }),
  errors: ['not_found'],
})

export const listWatchLater = endpoint({
  method: 'GET',
  path: `${me}/watch_later`,
  tag,
  summary: 'What I want to watch later, last added first',
  access: 'user',
  query: pageQuery,
  data: page(kept),
  errors: ['cursor_invalid'],
})

export const addWatchLater = endpoint({
  method: 'POST',
  path: `${me}/watch_later`,
  tag,
  summary: 'Watch a video later',
  access: 'user',
  body: z.strictObject({ video_id: id }),
  data: nothing,
  errors: ['not_found', 'too_many'],
  success: { zh: '已加入稍后再看', en: 'Added to watch later' },
})

export const removeWatchLater = endpoint({
  method: 'DELETE',
  path: `${me}/watch_later/{id}`,
  tag,
  summary: 'Take a video out of watch later',
  access: 'user',
  params: idParams,
  data: nothing,
})

export const playlist = z.object({
  id,
  title: z.string(),
  intro: z.string(),
  visibility,
  /** The first video's, where it can be seen. */
  thumbnail_url: z.string().nullable(),
  author: author,
  counts: z.object({ videos: count }),
  create_time: time,
  update_time: time,
})
export type Playlist = z.infer<typeof playlist>

const editable = {
  title: line(80).pipe(z.string().min(1)),
  intro: prose(500).optional(),
  visibility: visibility.optional(),
}

export const listMyPlaylists = endpoint({
  method: 'GET',
  path: `${me}/playlists`,
  tag,
  summary: 'My playlists; `video` asks which of them hold that video',
  access: 'user',
  query: pageQuery.extend({ video: id.optional() }),
  data: page(playlist.extend({ holds: z.boolean() })),
  errors: ['cursor_invalid'],
})

export const listUserPlaylists = endpoint({
  method: 'GET',
  path: `${apiPrefix}/users/{id}/playlists`,
  tag,
  summary: "Somebody's public playlists",
  access: 'optional',
  params: idParams,
  query: pageQuery,
  data: page(playlist),
  errors: ['not_found', 'cursor_invalid'],
})

export const createPlaylist = endpoint({
  method: 'POST',
  path: `${apiPrefix}/playlists`,
  tag,
  summary: 'A new playlist, public unless said otherwise',
  access: 'user',
  body: z.strictObject(editable),
  data: playlist,
  errors: ['too_many'],
})

export const getPlaylist = endpoint({
  method: 'GET',
  path: `${apiPrefix}/playlists/{id}`,
  tag,
  summary: 'A playlist',
  access: 'optional',
  params: idParams,
  data: playlist,
  errors: ['not_found'],
})

export const patchPlaylist = endpoint({
  method: 'PATCH',
  path: `${apiPrefix}/playlists/{id}`,
  tag,
  summary: 'Edit a playlist',
  access: 'user',
  params: idParams,
  body: z.strictObject({ ...editable, title: editable.title.optional() }),
  data: playlist,
  errors: ['not_found'],
  success: { zh: '已保存', en: 'Saved' },
})

export const deletePlaylist = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/playlists/{id}`,
  tag,
  summary: 'Delete a playlist; its videos stay',
  access: 'user',
  params: idParams,
  data: nothing,
  errors: ['not_found'],
})

export const listPlaylistVideos = endpoint({
  method: 'GET',
  path: `${apiPrefix}/playlists/{id}/videos`,
  tag,
  summary: 'The videos of a playlist in its order',
  access: 'optional',
  params: idParams,
  query: pageQuery,
  data: page(kept),
  errors: ['not_found', 'cursor_invalid'],
})

const itemParams = z.strictObject({ id, video_id: id })

export const addPlaylistVideo = endpoint({
  method: 'PUT',
  path: `${apiPrefix}/playlists/{id}/videos/{video_id}`,
  tag,
  summary: 'Put a video at the end of a playlist',
  access: 'user',
  params: itemParams,
  body: empty.optional(),
  data: nothing,
  errors: ['not_found', 'too_many'],
})

export const removePlaylistVideo = endpoint({
  method: 'DELETE',
  path: `${apiPrefix}/playlists/{id}/videos/{video_id}`,
  tag,
  summary: 'Take a video out of a playlist',
  access: 'user',
  params: itemParams,
  data: nothing,
  errors: ['not_found'],
})

export const movePlaylistVideo = endpoint({
  method: 'POST',
  path: `${apiPrefix}/playlists/{id}/videos/{video_id}/move`,
  tag,
  summary: 'Put a video behind another one of the same playlist, or first with null',
  access: 'user',
  params: itemParams,
  body: z.strictObject({ after: id.nullable() }),
  data: nothing,
  errors: ['not_found'],
})
