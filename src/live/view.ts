/** Owns how a room and its session look from outside. */
import type { Room } from '../../contract/live.ts'
import type { Author } from '../../contract/user.ts'
import type { CategoryId } from '../../contract/video.ts'
import { isoTime } from '../user/index.ts'
import { defaultTitle, returnMs, roomStateOf } from './rules.ts'
import type { RoomRow, SessionRow } from './store.ts'

/** What is known of a room at one moment. */
export interface RoomParts {
  roomId: string
  author: Author
  /** undefined until its owner first changed something or went live. */
  room: RoomRow | undefined
  /** The session that may go on. */
  running: SessionRow | undefined
  last: SessionRow | undefined
  viewers: number
  likes: number
  /** This machine can make pictures of running sessions. */
  hasPictures: boolean
  nowMs: number
}

/** So often browsers ask for the picture of a running session again. */
export const pictureEveryMs = 20_000

export const livePath = (roomId: string, file: string): string => `/play/live/${roomId}/${file}`

export const toRoom = (parts: RoomParts): Room => {
  const { roomId, author, room, last, nowMs } = parts
  const state = roomStateOf(parts.running)
  const session = state === 'idle' ? undefined : parts.running
  const shown = last && { id: last.id, video_id: last.video_id }
  return {
    id: roomId,
    title: room?.title ?? defaultTitle(author.nickname),
    category: (room?.category ?? 'other') as CategoryId,
    cover_url:
      session !== undefined && parts.hasPictures
        ? coverPath(roomId, String(Math.floor(nowMs / pictureEveryMs)))
        : keptCover(roomId, room?.cover_key ?? last?.cover_key ?? null),
    announcement: room?.announcement ?? '',
    state,
    started_at: session?.started_ms == null ? null : isoTime(session.started_ms),
    reconnect_until:
      session?.state === 'reconnecting' && session.left_ms !== null
        ? isoTime(session.left_ms + returnMs)
        : null,
    viewers: parts.viewers,
    peak_viewers: session === undefined ? 0 : Math.max(session.peak_viewers, parts.viewers),
    likes: session === undefined ? 0 : parts.likes,
    author,
    session_id: session?.id ?? null,
    play: session
      ? {
          ll_hls: livePath(roomId, 'll.m3u8'),
          hls: livePath(roomId, 'live.m3u8'),
          dvr: session.recorded === 1 ? livePath(roomId, 'dvr.m3u8') : null,
        }
      : null,
    last_session: shown ?? null,
  }
}

/** The changing part makes browsers ask again when there is another picture. */
const coverPath = (roomId: string, version: string): string => livePath(roomId, `cover.jpg?v=${version}`)

const keptCover = (roomId: string, key: string | null): string | null =>
  key === null ? null : coverPath(roomId, /([^/]*)\.jpg$/.exec(key)?.[1] ?? '')
