/** Owns the tables behind codes, two-step verification, passkeys, known devices, invitations and leaving. */
import type { Migration } from '../migrate.ts'
import { addColumn, col, createIndex, createTable, createUnique } from '../schema.ts'

export const accounts: Migration = {
  id: '0006-accounts',
  steps: [
    addColumn('account', 'email', col.text(254, { nullable: true })),
    addColumn('account', 'email_key', col.text(254, { nullable: true })),
    createUnique('account', ['email_key']),
    addColumn('account', 'email_proven_ms', col.bigint({ nullable: true })),
    addColumn('account', 'password_changed_ms', col.bigint({ nullable: true })),
    addColumn('account', 'two_step', col.bool({ default: 0 })),
    addColumn('account', 'delete_due_ms', col.bigint({ nullable: true })),
    addColumn('user', 'deleted_ms', col.bigint({ nullable: true })),
    createTable(
      'attempt',
      { attempt_key: col.text(64), used: col.int(), resets_ms: col.bigint() },
      { primaryKey: ['attempt_key'] },
    ),
    createIndex('attempt', ['resets_ms']),
    createTable(
      'totp',
      {
        user_id: col.id(),
        sealed_secret: col.text(255),
        confirmed_ms: col.bigint({ nullable: true }),
        last_step: col.bigint(),
        created_ms: col.bigint(),
      },
      { primaryKey: ['user_id'] },
    ),
    createTable(
      'recovery_code',
      { user_id: col.id(), code_mac: col.text(64) },
      { primaryKey: ['user_id', 'code_mac'] },
    ),
    createTable(
      'passkey',
      {
        id: col.id(),
        user_id: col.id(),
        credential_key: col.text(64),
        credential_id: col.text(1400),
        public_key: col.longText(),
        sign_count: col.bigint(),
        transports: col.json(),
        synced: col.bool(),
        name: col.text(120),
        created_ms: col.bigint(),
        used_ms: col.bigint({ nullable: true }),
      },
      { primaryKey: ['id'] },
    ),
    createUnique('passkey', ['credential_key']),
    createIndex('passkey', ['user_id', 'id']),
    createTable(
      'known_device',
      {
        user_id: col.id(),
        device_key: col.text(64),
        seen_ms: col.bigint(),
        trusted_until_ms: col.bigint({ nullable: true }),
      },
      { primaryKey: ['user_id', 'device_key'] },
    ),
    createIndex('known_device', ['seen_ms']),
    createTable(
      'invite',
      {
        id: col.id(),
        code_mac: col.text(64),
        note: col.text(400),
        uses_left: col.int(),
        created_by: col.id(),
        created_ms: col.bigint(),
        expires_ms: col.bigint(),
      },
      { primaryKey: ['id'] },
    ),
    createUnique('invite', ['code_mac']),
    createTable(
      'reserved_username',
      { username_key: col.text(20), user_id: col.id(), until_ms: col.bigint() },
      { primaryKey: ['username_key'] },
    ),
    createIndex('reserved_username', ['user_id']),
    createTable(
      'tombstone',
      { identity_mac: col.text(64), deleted_ms: col.bigint(), banned: col.bool() },
      { primaryKey: ['identity_mac'] },
    ),
    createTable(
      'signing_key',
      { id: col.id(), sealed_key: col.text(255), created_ms: col.bigint() },
      { primaryKey: ['id'] },
    ),
    createIndex('danmaku', ['user_id', 'id']),
  ],
}
