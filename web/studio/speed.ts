/** Owns measuring how fast an upload goes, over the last seconds. */
const windowMs = 6000

/** Gives bytes per second for each new total, undefined until a second has passed. */
export const createSpeed = () => {
  let marks: { sent: number; atMs: number }[] = []
  return (sent: number, atMs: number): number | undefined => {
    // A resumed upload jumps; what was there before does not count as speed.
    const last = marks.at(-1)
    if (last && sent < last.sent) marks = []
    marks = [...marks.filter((mark) => atMs - mark.atMs <= windowMs), { sent, atMs }]
    const first = marks[0]
    const elapsedMs = first ? atMs - first.atMs : 0
    return first && elapsedMs >= 1000 ? ((sent - first.sent) / elapsedMs) * 1000 : undefined
  }
}
