/** Owns what comments below posts need: which kind a comment stands under, their count, and when a deleted post goes. */
import type { Migration } from '../migrate.ts'
import { addColumn, col, createIndex } from '../schema.ts'

export const postComments: Migration = {
  id: '0018-post-comments',
  steps: [
    /** Beside `video_id`, which holds a post's id then: it keeps its name, so that a node of the last release can go on. */
    addColumn('comment', 'subject_kind', col.text(8, { default: 'video' })),
    addColumn('post_counter', 'comments', col.int({ default: 0 })),
    /** When a deleted post goes for good; null while it stands. */
    addColumn('post', 'due_ms', col.bigint({ nullable: true })),
    createIndex('post', ['due_ms']),
    createIndex('post_like', ['post_id']),
  ],
}
