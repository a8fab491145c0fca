/** Owns what moderators may type behind a slash: which commands there are and what one says. Pure. */

export type Command =
  | { do: 'slow'; seconds: number }
  | { do: 'followers'; minutes: number | null }
  | { do: 'mute'; name: string; minutes: number }
  | { do: 'unmute' | 'ban' | 'unban' | 'purge' | 'mod' | 'unmod'; name: string }
  | { do: 'pin' | 'announce'; text: string }
  | { do: 'unpin' | 'raid' }

export type ReadCommand = Command | { wrong: 'unknown' } | { wrong: 'usage'; usage: string }

/** How each is written, in the order in which they are offered. */
export const usages = {
  slow: '/slow 10',
  followers: '/followers 10',
  mute: '/mute NAME 10',
  unmute: '/unmute NAME',
  ban: '/ban NAME',
  unban: '/unban NAME',
  purge: '/purge NAME',
  pin: '/pin TEXT',
  unpin: '/unpin',
  announce: '/announce TEXT',
  mod: '/mod NAME',
  unmod: '/unmod NAME',
  raid: '/raid',
} as const
type Name = keyof typeof usages

const isName = (name: string): name is Name => name in usages

/** A number from `least` to `most`, or undefined. */
const whole = (text: string, least: number, most: number): number | undefined => {
  const value = Number(text)
  return /^\d{1,6}$/.test(text) && value >= least && value <= most ? value : undefined
}

/** undefined for what is no command at all, but a message. */
export const readCommand = (text: string): ReadCommand | undefined => {
  const [, name = '', rest = ''] = /^\/([a-z]+)(?:\s+([^]*))?$/.exec(text.trim()) ?? []
  if (name === '') return undefined
  if (!isName(name)) return { wrong: 'unknown' }
  return understand(name, rest.trim()) ?? { wrong: 'usage', usage: usages[name] }
}

const understand = (name: Name, rest: string): Command | undefined => {
  const isOff = rest === 'off' || rest === '0'
  switch (name) {
    case 'slow': {
      const seconds = isOff ? 0 : rest === '' ? 10 : whole(rest, 1, 3600)
      return seconds === undefined ? undefined : { do: name, seconds }
    }
    case 'followers': {
      if (rest === 'off') return { do: name, minutes: null }
      const minutes = rest === '' ? 0 : whole(rest, 0, 43_200)
      return minutes === undefined ? undefined : { do: name, minutes }
    }
    case 'mute': {
      // A name may hold spaces: the number is what stands last.
      const [, who = '', minutes] = /^(.*?)(?:\s+(\d{1,5}))?$/.exec(rest) ?? []
      const long = minutes === undefined ? 10 : whole(minutes, 1, 43_200)
      return who === '' || long === undefined ? undefined : { do: name, name: bare(who), minutes: long }
    }
    case 'pin':
    case 'announce':
      return rest === '' && name === 'pin' ? undefined : { do: name, text: rest }
    case 'unpin':
    case 'raid':
      return { do: name }
    default:
      return rest === '' ? undefined : { do: name, name: bare(rest) }
  }
}

const bare = (name: string): string => name.replace(/^@/, '')
