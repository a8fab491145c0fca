/**
 * Owns the map from table name to row type. It knows only the table of migrations: each feature adds its own rows
 * from its `tables.ts` by declaration merging:
 *
 *     declare module '../platform/db/tables.ts' { interface Tables { user: UserTable } }
 */

export interface SchemaMigrationTable {
  migration: string
  step: number
  name: string
  at_ms: number
}

export interface Tables {
  schema_migration: SchemaMigrationTable
}
