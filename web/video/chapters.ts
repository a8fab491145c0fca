/** Owns chapters: lines of an introduction that begin with a time, as parts of the film. Pure. */

export interface Chapter {
  start: number
  end: number
  title: string
}

const line = /^[\s\-–—•·*[(【（]*((?:\d{1,2}:)?[0-5]?\d:[0-5]\d)[\])】）]?[\s\-–—:：|.、]*(.+)$/
const mostTitle = 80

const secondsOf = (text: string): number => text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)

/** At least two, the first at the very start, each later than the one before; otherwise they are just times. */
export const chaptersOf = (intro: string, duration: number): Chapter[] => {
  const starts: { start: number; title: string }[] = []
  for (const text of intro.split('\n')) {
    const [, time, title] = line.exec(text) ?? []
    if (time === undefined || title === undefined) continue
    const start = secondsOf(time)
    if (start >= duration || start <= (starts.at(-1)?.start ?? -1)) continue
    starts.push({ start, title: title.trim().slice(0, mostTitle) })
  }
  if (starts.length < 2 || starts[0]?.start !== 0) return []
  return starts.map(({ start, title }, n) => ({ start, end: starts[n + 1]?.start ?? duration, title }))
}

const stamp = (seconds: number): string => new Date(Math.round(seconds * 1000)).toISOString().slice(11, 23)

/** As the track that the seek bar reads. */
export const chaptersVtt = (chapters: readonly Chapter[]): string =>
  ['WEBVTT', ...chapters.map(({ start, end, title }) => `${stamp(start)} --> ${stamp(end)}\n${title}`)].join(
    '\n\n',
  )
