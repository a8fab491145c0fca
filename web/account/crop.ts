/** Owns the arithmetic of cropping a square: where the picture may lie, and which part of it is seen. */
interface Point {
  x: number
  y: number
}
interface Size {
  width: number
  height: number
}

/** The picture, drawn at `drawn` around the middle, covers the whole square of `side`. */
export const clampOffset = ({ x, y }: Point, drawn: Size, side: number): Point => {
  const clamp = (value: number, room: number): number => Math.max(-room, Math.min(room, value)) || 0
  return {
    x: clamp(x, Math.max(0, (drawn.width - side) / 2)),
    y: clamp(y, Math.max(0, (drawn.height - side) / 2)),
  }
}

/** The square that is seen, in pixels of the picture itself. */
export const sourceSquare = (
  size: Size,
  offset: Point,
  scale: number,
  side: number,
): Point & { length: number } => {
  const length = side / scale
  return {
    x: size.width / 2 - offset.x / scale - length / 2,
    y: size.height / 2 - offset.y / scale - length / 2,
    length,
  }
}
