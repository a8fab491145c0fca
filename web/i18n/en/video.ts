/** Owns the sentences of the watch page, in English. */
import type { Messages } from '../zh-CN.ts'

export const video: Pick<Messages, 'video'> = {
  video: {
    plays: '{n} plays | {n} play | {n} plays',
    danmaku_count: '{n} danmaku | {n} danmaku | {n} danmaku',
    likes: '{n} likes | {n} like | {n} likes',
    replay: 'Replay',
    like: 'Like',
    liked: 'Liked',
    share: 'Share',
    share_link: 'Copy link',
    share_time: 'Copy link at {time}',
    link_copied: 'Link copied',
    related: 'Up next',
    related_empty: 'No related videos yet',
    more: 'Show more',
    less: 'Show less',
    missing: 'There is no such video',
    missing_text: 'It may have been deleted, or only its author can see it.',
    processing: 'The video is being processed',
    processing_text: 'It starts by itself once it is ready.',
    failed: 'Processing failed',
    draft: 'No file was uploaded yet',
    edit: 'Edit video',
    private: 'Only you can see this',
    unlisted: 'Anyone with the link can see this',
    posted: 'Published {time}',
    sign_in_like: 'Sign in to like videos',
  },
}
