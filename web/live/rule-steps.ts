/** Owns the steps in which the chat's rules are offered, and how long they are in words. */
import { t } from '../i18n/text.ts'

/** The usual ones, and the one that is set if somebody chose another by command. */
const withSet = <T>(usual: readonly T[], set: T): T[] => (usual.includes(set) ? [...usual] : [...usual, set])

export const slowSteps = (set: number): number[] => withSet([0, 3, 10, 30, 60], set)
export const followerSteps = (set: number | null): (number | null)[] => withSet([null, 0, 10, 60, 1440], set)

export const timeText = (minutes: number): string => {
  if (minutes === 60) return t('room.hour')
  return minutes === 1440 ? t('room.day') : t('room.minutes', { n: minutes })
}
