/** Owns the formatters bound to the page's language. */
import { language } from '../i18n/text.ts'
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatDate,
  formatDateTime,
  formatDuration,
  formatPercent,
} from '../i18n/format.ts'

export const count = (value: number): string => formatCount(value, language.value)
export const ago = (iso: string, now?: number): string => formatAgo(iso, language.value, now)
export const date = (iso: string): string => formatDate(iso, language.value)
export const dateTime = (iso: string): string => formatDateTime(iso, language.value)
export const percent = (part: number): string => formatPercent(part, language.value)
export const duration = formatDuration
export const bytes = formatBytes
