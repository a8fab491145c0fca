/** Owns how numbers, times and sizes are written; pure, the language is an argument. */
type Lang = 'zh-CN' | 'en'

/** 12345 → 1.2万 or 12.3K. */
export const formatCount = (value: number, language: Lang): string => {
  if (language === 'en') {
    return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(value)
  }
  if (value < 10_000) return String(value)
  const [unit, name] = value < 100_000_000 ? [10_000, '万'] : [100_000_000, '亿']
  const shown = value / unit
  return `${shown < 100 ? Math.floor(shown * 10) / 10 : Math.floor(shown)}${name}`
}

/** 3725 → 1:02:05; 65 → 1:05. */
export const formatDuration = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds))
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (n: number) => String(n).padStart(2, '0')
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

const steps: readonly (readonly [number, Intl.RelativeTimeFormatUnit])[] = [
  [60, 'second'],
  [3600, 'minute'],
  [86_400, 'hour'],
  [86_400 * 30, 'day'],
  [86_400 * 365, 'month'],
  [Number.POSITIVE_INFINITY, 'year'],
]
const unitSeconds: Partial<Record<Intl.RelativeTimeFormatUnit, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  month: 86_400 * 30,
  year: 86_400 * 365,
}

/** How long ago an ISO time was, in words. */
export const formatAgo = (iso: string, language: Lang, now = Date.now()): string => {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000)
  if (seconds < 45) return language === 'en' ? 'just now' : '刚刚'
  const unit = steps.find(([limit]) => seconds < limit)?.[1] ?? 'year'
  const amount = Math.max(1, Math.floor(seconds / (unitSeconds[unit] ?? 1)))
  return new Intl.RelativeTimeFormat(language, { numeric: 'always' }).format(-amount, unit)
}

export const formatDate = (iso: string, language: Lang): string =>
  new Intl.DateTimeFormat(language, { year: 'numeric', month: 'short', day: 'numeric' }).format(new Date(iso))

export const formatDateTime = (iso: string, language: Lang): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso))

/** 1536 → 1.5 KB; units of 1,024. */
export const formatBytes = (bytes: number): string => {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let value = Math.max(0, bytes)
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

export const formatPercent = (part: number, language: Lang): string =>
  new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 }).format(part)
