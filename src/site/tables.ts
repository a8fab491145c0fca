/** Owns the row type of what the site remembers of itself. */

export interface SiteValueTable {
  name: string
  value: string
}

/** What an administrator set at run time. */
export interface SiteSettingTable {
  name: string
  /** JSON. */
  value: string
  changed_ms: number
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    site_value: SiteValueTable
    site_setting: SiteSettingTable
  }
}
