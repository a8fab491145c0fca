/** Owns what goes with a video: captions, the storyboard, the hour it is published at, uploads that replace a file. */
import type { Migration } from '../migrate.ts'
import { addColumn, col, createIndex } from '../schema.ts'

export const videoExtras: Migration = {
  id: '0011-video-extras',
  steps: [
    addColumn('video', 'captions', col.text(4000, { default: '[]' })),
    addColumn('video', 'storyboard', col.text(190, { nullable: true })),
    addColumn('video', 'publish_at_ms', col.bigint({ nullable: true })),
    createIndex('video', ['publish_at_ms']),
    addColumn('video_upload', 'replaces', col.bool({ default: 0 })),
  ],
}
