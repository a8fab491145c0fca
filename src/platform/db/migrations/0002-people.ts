/** Owns the tables of users, accounts, sessions and what is remembered of the site. */
import type { Migration } from '../migrate.ts'
import { col, createIndex, createTable, createUnique } from '../schema.ts'

export const people: Migration = {
  id: '0002-people',
  steps: [
    createTable(
      'user',
      {
        id: col.id(),
        nickname: col.text(60),
        username: col.text(20, { nullable: true }),
        username_key: col.text(20, { nullable: true }),
        avatar_key: col.text(190, { nullable: true }),
        signature: col.text(400, { default: '' }),
        sex: col.int({ default: 0 }),
        birth_date: col.text(10, { nullable: true }),
        links: col.json(),
        role: col.text(16),
        banned_ms: col.bigint({ nullable: true }),
        room_id: col.publicId(),
        created_ms: col.bigint(),
      },
      { primaryKey: ['id'] },
    ),
    createUnique('user', ['username_key']),
    createUnique('user', ['room_id']),
    createIndex('user', ['role']),
    createTable(
      'user_counter',
      {
        user_id: col.id(),
        followers: col.int({ default: 0 }),
        following: col.int({ default: 0 }),
        videos: col.int({ default: 0 }),
        likes: col.int({ default: 0 }),
      },
      { primaryKey: ['user_id'] },
    ),
    createTable(
      'account',
      {
        user_id: col.id(),
        mobile: col.text(20, { nullable: true }),
        mobile_proven_ms: col.bigint({ nullable: true }),
        password_hash: col.text(255),
        created_ms: col.bigint(),
      },
      { primaryKey: ['user_id'] },
    ),
    createUnique('account', ['mobile']),
    createTable(
      'session',
      {
        id: col.id(),
        user_id: col.id(),
        salt: col.text(32),
        generation: col.int(),
        rotated_ms: col.bigint(),
        created_ms: col.bigint(),
        last_seen_ms: col.bigint(),
        expires_ms: col.bigint(),
        absolute_expires_ms: col.bigint(),
        revoked_ms: col.bigint({ nullable: true }),
        device: col.text(200),
        address: col.text(64),
      },
      { primaryKey: ['id'] },
    ),
    createIndex('session', ['user_id', 'id']),
    createIndex('session', ['absolute_expires_ms']),
    createTable('site_value', { name: col.text(64), value: col.text(1000) }, { primaryKey: ['name'] }),
  ],
}
