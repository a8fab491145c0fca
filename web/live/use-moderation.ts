/** Owns what moderators do from the chat, by menu or by command, and what is said of it. */
import { removeDanmaku } from '../api/danmaku.ts'
import { lookUpUser } from '../api/users.ts'
import { mute, unmute } from '../api/live.ts'
import * as order from '../api/room.ts'
import { t } from '../i18n/text.ts'
import { useNotice } from '../ui/notice.ts'
import { readCommand, usages } from './commands.ts'
import type { Command } from './commands.ts'
import type { ChatLine } from './chat-log.ts'

type Person = ChatLine['user']

export const useModeration = (options: {
  room: () => string
  lines: () => readonly ChatLine[]
  onRaid: () => void
}) => {
  const notice = useNotice()
  const room = options.room

  /** Says what was done, or why it failed. */
  const doing = async (work: () => Promise<unknown>, done: string): Promise<void> => {
    try {
      await work()
      notice.done(done)
    } catch (error) {
      notice.failed(error)
    }
  }

  const acts = {
    remove: (id: string) => doing(() => removeDanmaku(id), t('chat.deleted')),
    mute: ({ id, nickname }: Person, minutes: number) =>
      doing(() => mute(room(), id, minutes), t('chat.muted_done', { name: nickname })),
    unmute: ({ id }: Person) => doing(() => unmute(room(), id), t('go.unmuted')),
    ban: ({ id, nickname }: Person) =>
      doing(() => order.ban(room(), id), t('room.ban_done', { name: nickname })),
    unban: ({ id }: Person) => doing(() => order.lift(room(), id), t('room.lifted')),
    async purge({ id, nickname }: Person): Promise<void> {
      try {
        const { deleted } = await order.purge(room(), id)
        notice.done(t('room.purge_done', { name: nickname, n: deleted }))
      } catch (error) {
        notice.failed(error)
      }
    },
    pin: (what: { danmaku_id: string } | { text: string }) =>
      doing(() => order.pin(room(), what), t('room.pinned_done')),
    unpin: () => doing(() => order.unpin(room()), t('room.unpinned_done')),
    appoint: ({ id, nickname }: Person) =>
      doing(() => order.appoint(room(), id), t('room.appoint_done', { name: nickname })),
    dismiss: ({ id }: Person) => doing(() => order.dismiss(room(), id), t('room.moderator_removed')),
    rules: (change: order.RulesChange) => doing(() => order.changeRules(room(), change), t('common.saved')),
  }

  /** Whoever spoke last under that name, else whoever has it as a user name. */
  const personOf = async (name: string): Promise<Person | undefined> => {
    const wanted = name.toLowerCase()
    const said = options.lines().findLast(({ user }) => user.nickname.toLowerCase() === wanted)
    return said?.user ?? (await lookUpUser(name))
  }

  const run = async (command: Command): Promise<void> => {
    switch (command.do) {
      case 'slow':
        return acts.rules({ slow_seconds: command.seconds })
      case 'followers':
        return acts.rules({ followers_minutes: command.minutes })
      case 'announce':
        return acts.rules({ announcement: command.text })
      case 'pin':
        return acts.pin({ text: command.text })
      case 'unpin':
        return acts.unpin()
      case 'raid':
        return options.onRaid()
    }
    const person = await personOf(command.name)
    if (person === undefined) return void notice.warn(t('room.command_who', { name: command.name }))
    if (command.do === 'mute') return acts.mute(person, command.minutes)
    if (command.do === 'mod') return acts.appoint(person)
    if (command.do === 'unmod') return acts.dismiss(person)
    return acts[command.do](person)
  }

  return {
    ...acts,
    /** True if the text was a command, whatever became of it; then it is no message. */
    take(text: string): boolean {
      const command = readCommand(text)
      if (command === undefined) return false
      if ('do' in command) void run(command)
      else if (command.wrong === 'usage') notice.warn(t('room.command_usage', { usage: command.usage }))
      else
        notice.warn(
          t('room.command_unknown', {
            list: Object.keys(usages)
              .map((n) => `/${n}`)
              .join(' '),
          }),
        )
      return true
    },
  }
}

export type Moderation = ReturnType<typeof useModeration>
