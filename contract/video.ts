/** Owns what a video looks like, its lists, its states, and the addresses of uploading. */
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

const tag = 'video'
const path = (rest: string) => `${apiPrefix}/videos${rest}`

/** tus 1.0 endpoint; see contract/README for its metadata. */
export const uploadPath = `${apiPrefix}/uploads`
/** Header of the answer that creates an upload: the id of the video that it fills. */
export const videoIdHeader = 'Vireo-Video-Id'

export const categoryIds = [
  'life',
  'music',
  'game',
  'knowledge',
  'tech',
  'food',
  'animal',
  'sport',
  'film',
  'dance',
  'news',
  'other',
] as const
export const categoryId = z.enum(categoryIds)
export type CategoryId = z.infer<typeof categoryId>
export const category = z.object({ id: categoryId, name: z.string() })

export const visibility = z.enum(['public', 'unlisted', 'private'])
export const videoState = z.enum(['draft', 'processing', 'ready', 'failed'])
export const sort = z.enum(['newest', 'likes', 'plays', 'hot'])
/** Up to 5 minutes, up to 20, and longer. */
export const videoLength = z.enum(['short', 'medium', 'long'])
export type VideoLength = z.infer<typeof videoLength>
export const tagName = line(20).pipe(z.string().min(1))

/** Why a video failed, as a code the web has words for, beside the sentence in `reason`. */
export const failureCode = z.enum([
  'empty_file',
  'not_media',
  'no_video_track',
  'cut_short',
  'dimensions',
  'playlist_refused',
  'needs_ffmpeg',
  'too_long',
  'too_heavy',
  'transcode_failed',
  'internal',
])
export type FailureCode = z.infer<typeof failureCode>

const count = z.number().int()

export const video = z.object({
  id,
  title: z.string(),
  intro: z.string(),
  cover_url: z.string().nullable(),
  /** The cover, 480 pixels wide: for lists. */
  thumbnail_url: z.string().nullable(),
  category: categoryId,
  tags: z.array(z.string()),
  duration: seconds,
  width: count.nullable(),
  height: count.nullable(),
  create_time: time,
  publish_time: time.nullable(),
  visibility,
  state: videoState,
  /** Set when state is failed. */
  failure: z.object({ code: failureCode, reason: z.string() }).nullable(),
  /** The live session that this video is the replay of. */
  live_session_id: id.nullable(),
  author,
  counts: z.object({
    plays: count,
    likes: count,
    favourites: count,
    coins: count,
    comments: count,
    danmaku: count,
    shares: count,
  }),
  mine: z.object({ liked: z.boolean(), favourited: z.boolean(), coins: count }),
  /** null until the video is ready. For what is not public the address is signed and expires. */
  play: z
    .object({
      hls: z.string(),
      storyboard: z.string().nullable(),
      captions: z.array(z.object({ lang: z.string(), label: z.string(), url: z.string() })),
    })
    .nullable(),
})
export type Video = z.infer<typeof video>

/** A video as its owner sees it. */
export const ownVideo = video.extend({
  size_bytes: z.number(),
  /** The whole recording as one MP4, for its owner; null for what is no recording. The address expires. */
  file_url: z.string().nullable(),
  delete_time: time.nullable(),
  /** When it becomes public by itself. */
  publish_at: time.nullable(),
  /** A moderator took it down: only its owner and moderators see it. */
  taken_down: z.object({ reason: z.string() }).nullable(),
})
export type OwnVideo = z.infer<typeof ownVideo>

export const listVideos = endpoint({
  method: 'GET',
  path: path(''),
  tag,
  summary: 'Public videos',
  access: 'optional',
  query: pageQuery.extend({
    category: categoryId.optional(),
    /** Without it: newest, and with `q` what fits best. */
    sort: sort.optional(),
    user: id.optional(),
    length: videoLength.optional(),
    /** With `newest` only. */
    tag: tagName.optional(),
    /** Searches titles, tags, introductions and authors' names; every word must stand there. */
    q: line(40).optional(),
  }),
  data: page(video).extend({
    /** With `q`: the words it was cut into, to be marked in what was found. */
    words: z.array(z.string()).optional(),
  }),
  errors: ['cursor_invalid', 'params_invalid'],
  shared: true,
})

export const listUserVideos = endpoint({
  method: 'GET',
  path: `${apiPrefix}/users/{id}/videos`,
  tag,
  summary: 'Public videos of one user, newest first',
  access: 'optional',
  params: idParams,
  query: pageQuery,
  data: page(video),
  errors: ['not_found', 'cursor_invalid'],
  shared: true,
})

export const listMyVideos = endpoint({
  method: 'GET',
  path: `${apiPrefix}/me/videos`,
  tag,
  summary: 'All my videos in every state; trash=true lists what was deleted in the last 30 days',
  access: 'user',
  query: pageQuery.extend({ state: videoState.optional(), trash: z.boolean().default(false) }),
  data: page(ownVideo),
  errors: ['cursor_invalid'],
})

export const getMyStorage = endpoint({
  method: 'GET',
  path: `${apiPrefix}/me/storage`,
  tag,
  summary: 'How much of my quota is used',
  access: 'user',
  data: z.object({ used_bytes: z.number(), quota_bytes: z.number() }),
})

const editable = {
  title: line(80).pipe(z.string().min(1)).optional(),
  intro: prose(2000).optional(),
  category: categoryId.optional(),
  tags: z
    .array(line(20).pipe(z.string().min(1)))
    .max(10)
    .optional(),
  visibility: visibility.optional(),
}

/** Time in the future, at most a year off; null takes it back. Until then the video is private. */
const publishAt = time.nullable().optional()

export const createVideo = endpoint({
  method: 'POST',
  path: path(''),
  tag,
  summary: 'A draft, to be filled by an upload',
  access: 'user',
  body: z.strictObject({ ...editable, title: line(80).pipe(z.string().min(1)) }),
  data: ownVideo,
})

export const getVideo = endpoint({
  method: 'GET',
  path: path('/{id}'),
  tag,
  summary: 'A video',
  access: 'optional',
  params: idParams,
  data: video,
  errors: ['not_found'],
  shared: true,
})

export const patchVideo = endpoint({
  method: 'PATCH',
  path: path('/{id}'),
  tag,
  summary: 'Edit a video',
  access: 'user',
  params: idParams,
  body: z.strictObject({ ...editable, publish_at: publishAt }),
  data: ownVideo,
  errors: ['not_found', 'time_invalid'],
  success: { zh: '已保存', en: 'Saved' },
})

export const deleteVideo = endpoint({
  method: 'DELETE',
  path: path('/{id}'),
  tag,
  summary: 'Delete a video; it can be restored for 30 days',
  access: 'user',
  params: idParams,
  data: nothing,
  errors: ['not_found'],
})

export const restoreVideo = endpoint({
  method: 'POST',
  path: path('/{id}/restore'),
  tag,
  summary: 'Take a deleted video back',
  access: 'user',
  params: idParams,
  data: ownVideo,
  errors: ['not_found'],
})

export const relatedVideos = endpoint({
  method: 'GET',
  path: path('/{id}/related'),
  tag,
  summary: 'Other videos of the same author and category',
  access: 'optional',
  params: idParams,
  data: z.object({ items: z.array(video) }),
  errors: ['not_found'],
  shared: true,
})

export const listPosters = endpoint({
  method: 'GET',
  path: path('/{id}/posters'),
  tag,
  summary: 'Frames to choose the cover from',
  access: 'user',
  params: idParams,
  data: z.object({ items: z.array(z.object({ name: z.string(), url: z.string() })) }),
  errors: ['not_found'],
})

export const choosePoster = endpoint({
  method: 'PUT',
  path: path('/{id}/cover'),
  tag,
  summary: 'Take one of the frames as the cover',
  access: 'user',
  params: idParams,
  body: z.strictObject({ poster: z.string().regex(/^[a-z0-9-]{1,32}$/) }),
  data: ownVideo,
  errors: ['not_found'],
})

export const uploadCover = endpoint({
  method: 'POST',
  path: path('/{id}/cover'),
  tag,
  summary: "A picture of one's own as the cover",
  access: 'user',
  params: idParams,
  multipart: true,
  data: ownVideo,
  errors: ['not_found', 'image_invalid', 'body_too_large'],
})

/** What is being done with an upload. */
export const videoJob = z.object({
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  /** What runs now. */
  step: z.enum(['uploading', 'probing', 'remuxing', 'transcoding', 'posters', 'done']),
  /** 0 to 1. */
  progress: z.number(),
  error: z.string().nullable(),
})
export type VideoJob = z.infer<typeof videoJob>

export const getVideoJob = endpoint({
  method: 'GET',
  path: path('/{id}/job'),
  tag,
  summary: 'How far the processing of my video is',
  access: 'user',
  params: idParams,
  data: videoJob,
  errors: ['not_found'],
})

export const playVideo = endpoint({
  method: 'POST',
  path: path('/{id}/plays'),
  tag,
  summary: 'Heartbeat of the player: the first of a viewing counts a play',
  access: 'optional',
  params: idParams,
  body: z.strictObject({ position: seconds.optional() }).optional(),
  data: nothing,
  errors: ['not_found'],
})

export const likeVideo = endpoint({
  method: 'PUT',
  path: path('/{id}/like'),
  tag,
  summary: 'Like',
  access: 'user',
  params: idParams,
  body: empty.optional(),
  data: z.object({ liked: z.boolean(), likes: count }),
  errors: ['not_found'],
})

export const unlikeVideo = endpoint({
  method: 'DELETE',
  path: path('/{id}/like'),
  tag,
  summary: 'Take the like back',
  access: 'user',
  params: idParams,
  data: z.object({ liked: z.boolean(), likes: count }),
  errors: ['not_found'],
})

export const reactions = z.object({
  mine: video.shape.mine,
  counts: video.shape.counts.pick({ likes: true, favourites: true, coins: true, shares: true }),
})
export type Reactions = z.infer<typeof reactions>

export const favouriteVideo = endpoint({
  method: 'PUT',
  path: path('/{id}/favourite'),
  tag,
  summary: 'Keep it among my favourites, in a folder or in the default one; moves it if it lies in another',
  access: 'user',
  params: idParams,
  query: z.object({ folder: id.optional() }),
  body: empty.optional(),
  data: reactions,
  errors: ['not_found', 'too_many'],
})

export const unfavouriteVideo = endpoint({
  method: 'DELETE',
  path: path('/{id}/favourite'),
  tag,
  summary: 'Take it out of my favourites',
  access: 'user',
  params: idParams,
  data: reactions,
  errors: ['not_found'],
})

export const coinVideo = endpoint({
  method: 'POST',
  path: path('/{id}/coin'),
  tag,
  summary: 'Give coins: amount is the total for this video, 1 or 2, and never goes down',
  access: 'user',
  params: idParams,
  body: z.strictObject({ amount: z.union([z.literal(1), z.literal(2)]) }),
  data: reactions.extend({ balance: count }),
  errors: ['not_found', 'coins_insufficient', 'own_video', 'coins_final'],
})

export const tripleVideo = endpoint({
  method: 'POST',
  path: path('/{id}/triple'),
  tag,
  summary: 'Like, favourite and give coins in one: as many coins up to 2 as there are',
  access: 'user',
  params: idParams,
  body: empty.optional(),
  data: reactions.extend({ balance: count }),
  errors: ['not_found', 'own_video', 'coins_insufficient'],
})

export const shareVideo = endpoint({
  method: 'POST',
  path: path('/{id}/share'),
  tag,
  summary: 'Say that I shared it; counts once per person',
  access: 'user',
  params: idParams,
  body: empty.optional(),
  data: reactions,
  errors: ['not_found'],
})

/** A video in somebody's list; `video` is null when it can not be seen any more. */
export const kept = z.object({ video_id: id, video: video.nullable() })
export type Kept = z.infer<typeof kept>

export const folder = z.object({
  /** `default` is the one that is always there. */
  id,
  name: z.string(),
  count,
  create_time: time,
})
export type Folder = z.infer<typeof folder>
const folderName = line(20).pipe(z.string().min(1))
const folders = `${apiPrefix}/me/favourites/folders`

export const listFavourites = endpoint({
  method: 'GET',
  path: `${apiPrefix}/me/favourites`,
  tag,
  summary: 'My favourites, last kept first; of one folder with `folder`',
  access: 'user',
  query: pageQuery.extend({ folder: id.optional() }),
  data: page(kept),
  errors: ['cursor_invalid'],
})

export const listFolders = endpoint({
  method: 'GET',
  path: folders,
  tag,
  summary: 'My folders of favourites; `video` asks which one holds that video',
  access: 'user',
  query: z.object({ video: id.optional() }),
  data: z.object({ items: z.array(folder), holds: id.nullable() }),
})

export const createFolder = endpoint({
  method: 'POST',
  path: folders,
  tag,
  summary: 'A new folder of favourites',
  access: 'user',
  body: z.strictObject({ name: folderName }),
  data: folder,
  errors: ['too_many'],
})

export const renameFolder = endpoint({
  method: 'PATCH',
  path: `${folders}/{id}`,
  tag,
  summary: 'Rename a folder',
  access: 'user',
  params: idParams,
  body: z.strictObject({ name: folderName }),
  data: folder,
  errors: ['not_found'],
  success: { zh: '已保存', en: 'Saved' },
})

export const deleteFolder = endpoint({
  method: 'DELETE',
  path: `${folders}/{id}`,
  tag,
  summary: 'Delete a folder; what it holds goes to the default one',
  access: 'user',
  params: idParams,
  data: nothing,
  errors: ['not_found'],
})

export const suggestSearches = endpoint({
  method: 'GET',
  path: `${apiPrefix}/search/suggestions`,
  tag: 'search',
  summary: 'What others looked for and titles, while typing',
  access: 'none',
  query: z.object({ q: line(40) }),
  data: z.object({ items: z.array(z.string()) }),
})

export const hotSearches = endpoint({
  method: 'GET',
  path: `${apiPrefix}/search/hot`,
  tag: 'search',
  summary: 'What is looked for most these days',
  access: 'none',
  data: z.object({ items: z.array(z.string()) }),
})

export const listCategories = endpoint({
  method: 'GET',
  path: `${apiPrefix}/categories`,
  tag,
  summary: "The categories, named in the caller's language",
  access: 'none',
  data: z.object({ items: z.array(category) }),
  shared: true,
})

declare module './events.ts' {
  interface Events {
    /** It can be played; maybe by its owner only. */
    'video.ready': VideoEvent
    'video.failed': VideoEvent & { failure: FailureCode }
    /** It stands in public lists for the first time. */
    'video.published': VideoEvent
    /** Words, cover or visibility changed: whoever keeps a copy reads it again. */
    'video.changed': VideoEvent
    'video.deleted': VideoEvent
    'video.restored': VideoEvent
    /** Nothing of it is left. */
    'video.purged': VideoEvent
    /** `user_id` is who did it. Sent when it becomes true, not when it is said again. */
    'video.liked': VideoEvent & { user_id: string }
    'video.favourited': VideoEvent & { user_id: string }
    'video.coined': VideoEvent & { user_id: string; amount: number }
  }
}

interface VideoEvent {
  /** As in its address. */
  video_id: string
  owner_id: string
}
