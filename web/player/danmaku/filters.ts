/** Owns what somebody does not want to see among danmaku: words, people, kinds; kept in the browser. */
import { useLocalStorage } from '@vueuse/core'

export interface DanmakuFilters {
  words: string[]
  users: { id: string; nickname: string }[]
  modes: ('scroll' | 'top' | 'bottom')[]
  /** Everything but white. */
  coloured: boolean
}

interface Said {
  text: string
  color: string
  mode: 'scroll' | 'top' | 'bottom'
  user?: { id: string }
}

const most = 200

export const danmakuFilters = useLocalStorage<DanmakuFilters>(
  'vireo.danmaku_filters',
  { words: [], users: [], modes: [], coloured: false },
  { mergeDefaults: true },
)

/** May it be shown? */
export const isWanted = (item: Said, filters: DanmakuFilters): boolean => {
  if (filters.modes.includes(item.mode)) return false
  if (filters.coloured && item.color !== '#ffffff') return false
  if (item.user !== undefined && filters.users.some(({ id }) => id === item.user?.id)) return false
  const text = item.text.toLowerCase()
  return !filters.words.some((word) => word !== '' && text.includes(word.toLowerCase()))
}

export const hideWord = (word: string): void => {
  const clean = word.trim().slice(0, 40)
  const { words } = danmakuFilters.value
  if (clean !== '' && !words.includes(clean)) danmakuFilters.value.words = [...words, clean].slice(-most)
}

export const hideUser = (user: { id: string; nickname: string }): void => {
  const { users } = danmakuFilters.value
  if (!users.some(({ id }) => id === user.id)) danmakuFilters.value.users = [...users, user].slice(-most)
}
