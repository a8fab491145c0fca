/** Owns how long it is until then, in the largest units that matter. */
import { language } from '../i18n/text.ts'

const minuteMs = 60_000

export const untilText = (ms: number): string => {
  const minutes = Math.max(1, Math.ceil(ms / minuteMs))
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24]
  const parts: [number, 'day' | 'hour' | 'minute'][] =
    days > 0
      ? [
          [days, 'day'],
          [hours, 'hour'],
        ]
      : [
          [hours, 'hour'],
          [minutes % 60, 'minute'],
        ]
  return parts
    .filter(([value]) => value > 0)
    .map(([value, unit]) =>
      new Intl.NumberFormat(language.value, { style: 'unit', unit, unitDisplay: 'short' }).format(value),
    )
    .join(' ')
}
