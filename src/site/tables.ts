/** Owns the row type of what the site remembers of itself. */

export interface SiteValueTable {
  name: string
  value: string
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    site_value: SiteValueTable
  }
}
