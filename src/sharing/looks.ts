/** Owns what stands at an address, as somebody without an account sees it: the words and picture of a link to it. */
import type { Live } from '../live/index.ts'
import { isAppError } from '../platform/errors/app-error.ts'
import type { Settings } from '../site/index.ts'
import type { UserService } from '../user/index.ts'
import type { VideoService } from '../video/index.ts'

export interface Look {
  kind: 'video' | 'room' | 'user'
  id: string
  /** From the root. */
  path: string
  title: string
  description: string
  /** From the root; a picture that lies here. */
  image: string | null
  author: { name: string; path: string }
  /** What plays; null for people, idle rooms, and what is not ready. */
  play: { hls: string; lowLatency: string | null; width: number; height: number } | null
  durationS: number | null
  published: string | null
  plays: number | null
  /** Whether search engines may list it. */
  indexed: boolean
}

interface Deps {
  videos: VideoService
  live: Live
  users: UserService
  settings: Settings
}

export type Looks = ReturnType<typeof createLooks>

/** A video in landscape where nothing is known of its size. */
const usual = { width: 1280, height: 720 }

export const createLooks = ({ videos, live, users, settings }: Deps) => {
  const video = async (id: string): Promise<Look | undefined> => {
    try {
      const seen = await videos.get(id, { caller: undefined, language: 'zh' })
      return {
        kind: 'video',
        id,
        path: `/video/${id}`,
        title: seen.title,
        description: firstWords(seen.intro) || `${seen.author.nickname} · ${seen.title}`,
        image: seen.cover_url,
        author: { name: seen.author.nickname, path: `/u/${seen.author.id}` },
        play: seen.play && {
          hls: seen.play.hls,
          lowLatency: null,
          width: seen.width ?? usual.width,
          height: seen.height ?? usual.height,
        },
        durationS: seen.duration,
        published: seen.publish_time ?? seen.create_time,
        plays: seen.counts.plays,
        indexed: seen.visibility === 'public',
      }
    } catch (error) {
      if (isAppError(error, 'not_found')) return undefined
      throw error
    }
  }

  const room = async (id: string): Promise<Look | undefined> => {
    const seen = await live.rooms.find(id)
    if (seen === undefined) return undefined
    return {
      kind: 'room',
      id,
      path: `/live/${id}`,
      title: seen.title,
      description: firstWords(seen.announcement) || `${seen.author.nickname} · ${seen.title}`,
      image: seen.cover_url,
      author: { name: seen.author.nickname, path: `/u/${seen.author.id}` },
      play: seen.play && { hls: seen.play.hls, lowLatency: seen.play.ll_hls, ...usual },
      durationS: null,
      published: seen.started_at,
      plays: null,
      indexed: true,
    }
  }

  const person = async (id: string): Promise<Look | undefined> => {
    const seen = await users.find(id)
    if (seen === undefined) return undefined
    return {
      kind: 'user',
      id: seen.id,
      path: `/u/${seen.id}`,
      title: seen.nickname,
      description: firstWords(seen.signature) || seen.nickname,
      image: seen.avatar_url,
      author: { name: seen.nickname, path: `/u/${seen.id}` },
      play: null,
      durationS: null,
      published: null,
      plays: null,
      indexed: true,
    }
  }

  return {
    siteName: async (): Promise<string> => (await settings.read()).site_name,

    /**
     * What the page at `path` shows. `generic` for pages about nothing in particular; undefined where there is
     * nothing, or nothing that a stranger may know of.
     */
    async at(path: string): Promise<Look | 'generic' | undefined> {
      const [, area = '', id = '', rest] = path.split('/')
      if (rest !== undefined && rest !== '') return 'generic'
      if (area === 'video') return isPublicId(id) ? video(id) : undefined
      if (area === 'live' && id !== '') return isPublicId(id) ? room(id) : undefined
      if (area === 'u') return /^@?[0-9A-Za-z_-]{1,64}$/.test(id) ? person(id) : undefined
      return 'generic'
    },

    /** What `/embed/{id}` plays: a video or a room. */
    playable: async (id: string): Promise<Look | undefined> =>
      isPublicId(id) ? ((await video(id)) ?? (await room(id))) : undefined,
  }
}

const isPublicId = (id: string): boolean => /^[0-9A-Za-z]{1,16}$/.test(id)

const firstWords = (text: string): string => {
  const line = text.replace(/\s+/gu, ' ').trim()
  const letters = [...line]
  return letters.length <= 200 ? line : `${letters.slice(0, 199).join('')}…`
}
