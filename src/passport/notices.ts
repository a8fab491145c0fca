/** Owns telling people what happened to their account: a job written with the change, so that a kill loses no notice. */
import type { Transaction } from '../platform/db/db.ts'
import type { Jobs } from '../platform/jobs/jobs.ts'
import type { Channel, Messages, Notice } from './messages.ts'
import type { Seal } from './seal.ts'
import type { AccountRow } from './store.ts'

const kind = 'passport.notice'

interface Payload {
  channel: Channel
  /** Sealed: a job's row is seen by administrators. */
  to: string
  notice: Notice
}

export type NoticeBoard = ReturnType<typeof createNotices>

export const createNotices = ({ jobs, messages, seal }: { jobs: Jobs; messages: Messages; seal: Seal }) => {
  jobs.work(kind, async ({ job }) => {
    const { channel, to, notice } = job.payload as Payload
    await messages.notice(channel, seal.open(to, kind).toString(), notice, 'zh')
  })
  const enqueue = (trx: Transaction, channel: Channel, to: string, notice: Notice) =>
    jobs.enqueue(trx, {
      kind,
      payload: { channel, to: seal.close(to, kind), notice } satisfies Payload,
      maxAttempts: 3,
    })
  return {
    /** To where the account was reachable before the change: the proven number, else its address. */
    async tell(
      trx: Transaction,
      account: Pick<AccountRow, 'mobile' | 'mobile_proven_ms' | 'email'>,
      notice: Notice,
      by?: Channel,
    ): Promise<void> {
      if (by !== 'email' && account.mobile !== null && account.mobile_proven_ms !== null)
        await enqueue(trx, 'sms', account.mobile, notice)
      if (by !== 'sms' && account.email !== null) await enqueue(trx, 'email', account.email, notice)
    },
  }
}
