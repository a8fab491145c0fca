/** Owns the tables between people: follows and blocks. */
import type { Migration } from '../migrate.ts'
import { col, createIndex, createTable } from '../schema.ts'

export const relations: Migration = {
  id: '0007-relations',
  steps: [
    createTable(
      'user_follow',
      {
        follower_id: col.id(),
        user_id: col.id(),
        /** Sorts by the time of following. */
        sort_key: col.id(),
        special: col.bool({ default: 0 }),
      },
      { primaryKey: ['follower_id', 'user_id'] },
    ),
    createIndex('user_follow', ['follower_id', 'sort_key']),
    createIndex('user_follow', ['user_id', 'sort_key']),
    createTable(
      'user_block',
      { blocker_id: col.id(), user_id: col.id(), sort_key: col.id() },
      { primaryKey: ['blocker_id', 'user_id'] },
    ),
    createIndex('user_block', ['blocker_id', 'sort_key']),
  ],
}
