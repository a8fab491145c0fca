/** Owns the tables between people: follows and blocks, feed and posts, notifications and private messages, reports. */
import type { Migration } from '../migrate.ts'
import { col, createIndex, createTable, createUnique } from '../schema.ts'

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

    createTable(
      'feed_item',
      {
        kind: col.text(8),
        /** A video's public id, a live session's id, a post's id. */
        ref_id: col.text(26),
        author_id: col.id(),
        /** Sorts by the time it was news. */
        sort_key: col.id(),
        shown: col.bool(),
        at_ms: col.bigint(),
      },
      { primaryKey: ['kind', 'ref_id'] },
    ),
    createIndex('feed_item', ['author_id', 'shown', 'sort_key']),
    createIndex('feed_item', ['author_id', 'kind', 'shown', 'sort_key']),
    createIndex('feed_item', ['author_id', 'kind', 'sort_key']),
    createTable(
      'post',
      {
        id: col.id(),
        author_id: col.id(),
        text: col.text(4000),
        created_ms: col.bigint(),
        /** 1 while deleted or taken down. */
        hidden: col.bool({ default: 0 }),
      },
      { primaryKey: ['id'] },
    ),
    createIndex('post', ['author_id', 'hidden', 'id']),
    createTable(
      'post_picture',
      {
        id: col.id(),
        owner_id: col.id(),
        /** null until a post takes it. */
        post_id: col.id({ nullable: true }),
        place: col.int({ default: 0 }),
        picture_key: col.text(190),
        thumbnail_key: col.text(190),
        width: col.int(),
        height: col.int(),
        /** When it goes unless a post takes it; null once one has. */
        due_ms: col.bigint({ nullable: true }),
      },
      { primaryKey: ['id'] },
    ),
    createIndex('post_picture', ['post_id', 'place']),
    createIndex('post_picture', ['due_ms']),
    createTable(
      'post_counter',
      { post_id: col.id(), likes: col.int({ default: 0 }) },
      { primaryKey: ['post_id'] },
    ),
    createTable(
      'post_like',
      { user_id: col.id(), post_id: col.id() },
      { primaryKey: ['user_id', 'post_id'] },
    ),

    createTable(
      'news_progress',
      { consumer: col.text(64), event_id: col.bigint() },
      { primaryKey: ['consumer'] },
    ),
    createTable(
      'notification',
      {
        id: col.id(),
        user_id: col.id(),
        type: col.text(16),
        action: col.text(16),
        /** What more of the same joins while it is unread; unique per user, null where nothing joins. */
        open_key: col.text(120, { nullable: true }),
        actor_id: col.id({ nullable: true }),
        former_actor_id: col.id({ nullable: true }),
        actors: col.int({ default: 0 }),
        subject_kind: col.text(16, { nullable: true }),
        subject_id: col.text(26, { nullable: true }),
        video_id: col.text(26, { nullable: true }),
        notice: col.text(1000, { nullable: true }),
        is_read: col.bool({ default: 0 }),
        /** Moves when more joins. */
        sort_key: col.id(),
        at_ms: col.bigint(),
      },
      { primaryKey: ['id'] },
    ),
    createUnique('notification', ['user_id', 'open_key']),
    createIndex('notification', ['user_id', 'sort_key']),
    createIndex('notification', ['user_id', 'type', 'sort_key']),
    createIndex('notification', ['user_id', 'is_read', 'type', 'sort_key']),
    createTable(
      'notification_actor',
      { notification_id: col.id(), actor_id: col.id() },
      { primaryKey: ['notification_id', 'actor_id'] },
    ),
    /** Up to where everything of a type was read at once. */
    createTable(
      'notification_mark',
      { user_id: col.id(), type: col.text(16), read_key: col.id() },
      { primaryKey: ['user_id', 'type'] },
    ),
    createTable(
      'private_thread',
      {
        id: col.id(),
        user_id: col.id(),
        peer_id: col.id(),
        /** The last message's id: sorts by time. */
        last_key: col.id(),
        unread: col.int({ default: 0 }),
        muted: col.bool({ default: 0 }),
        /** 1: `user_id` has written in it. */
        wrote: col.bool({ default: 0 }),
        /** Messages of `user_id` since the peer last wrote. */
        unanswered: col.int({ default: 0 }),
      },
      { primaryKey: ['user_id', 'peer_id'] },
    ),
    createUnique('private_thread', ['id']),
    createIndex('private_thread', ['user_id', 'last_key']),
    createIndex('private_thread', ['user_id', 'muted', 'unread']),
    createTable(
      'private_message',
      {
        id: col.id(),
        /** Both ids, the lesser first. */
        pair: col.text(53),
        sender_id: col.id(),
        receiver_id: col.id(),
        client_id: col.text(36, { nullable: true }),
        text: col.text(4000),
        removed: col.bool({ default: 0 }),
        at_ms: col.bigint(),
      },
      { primaryKey: ['id'] },
    ),
    createIndex('private_message', ['pair', 'id']),
    createUnique('private_message', ['sender_id', 'client_id']),
    createTable('privacy', { user_id: col.id(), messages_from: col.text(16) }, { primaryKey: ['user_id'] }),

    createTable(
      'report_case',
      {
        id: col.id(),
        kind: col.text(16),
        subject_id: col.text(64),
        /** Whose it is. */
        user_id: col.id(),
        /** `kind:subject` while open, else null: one open case per subject. */
        open_key: col.text(90, { nullable: true }),
        state: col.text(16),
        snapshot: col.json(),
        reports: col.int(),
        decision: col.text(16, { nullable: true }),
        note: col.text(2000, { default: '' }),
        days: col.int({ nullable: true }),
        decided_by: col.id({ nullable: true }),
        decided_ms: col.bigint({ nullable: true }),
        appeal: col.text(2000, { nullable: true }),
        appeal_ms: col.bigint({ nullable: true }),
        appeal_upheld: col.bool({ nullable: true }),
        created_ms: col.bigint(),
      },
      { primaryKey: ['id'] },
    ),
    createUnique('report_case', ['open_key']),
    createIndex('report_case', ['state', 'id']),
    createTable(
      'report',
      {
        case_id: col.id(),
        reporter_id: col.id(),
        sort_key: col.id(),
        reason: col.text(16),
        text: col.text(2000),
        at_ms: col.bigint(),
      },
      { primaryKey: ['case_id', 'reporter_id'] },
    ),
    createIndex('report', ['case_id', 'sort_key']),
  ],
}
