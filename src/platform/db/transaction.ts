/**
 * Owns running something all or nothing, and the one place where what lost against a concurrent transaction is run
 * again. It refuses nesting: whoever may run inside a transaction takes the handle as an argument.
 */
import type { AsyncLocalStorage } from 'node:async_hooks'
import type { TransactionBuilder } from 'kysely'
import type { Log } from '../log/log.ts'
import type { Queries, Transaction } from './db.ts'
import type { EngineName } from './engine.ts'
import { failed, failureOf, translate } from './failure.ts'
import type { Scope } from './lease.ts'
import { backOff, maxAttempts } from './retry.ts'
import type { Tables } from './tables.ts'

export interface TransactionDeps {
  begin: () => TransactionBuilder<Tables>
  engine: EngineName
  scopes: AsyncLocalStorage<Scope>
  log: Log
  /** A transaction still open after this long is rolled back: on SQLite everybody waits behind it. */
  timeoutMs: number
}

export type RunTransaction = <T>(
  fn: (trx: Transaction) => Promise<T>,
  options?: { timeoutMs?: number },
) => Promise<T>

export const createRunTransaction = (deps: TransactionDeps): RunTransaction => {
  return async (fn, { timeoutMs = deps.timeoutMs } = {}) => {
    if (deps.scopes.getStore()?.state === 'open') {
      throw new Error('Transactions do not nest: pass the open one on')
    }
    for (let attempt = 1; ; attempt++) {
      const outcome = await runOnce({ ...deps, timeoutMs }, fn)
      if (outcome.ok) {
        for (const hook of outcome.hooks) runHook(deps, hook)
        return outcome.value
      }
      if (!outcome.again || attempt >= maxAttempts) throw outcome.error
      deps.log.debug({ attempt, err: outcome.error }, 'transaction is run again')
      await backOff(attempt)
    }
  }
}

type Outcome<T> = { ok: true; value: T; hooks: Hook[] } | { ok: false; error: unknown; again: boolean }
type Hook = () => void | Promise<void>

const runOnce = async <T>(
  deps: TransactionDeps,
  fn: (trx: Transaction) => Promise<T>,
): Promise<Outcome<T>> => {
  const scope: Scope = { state: 'opening', doom: undefined }
  const hooks: Hook[] = []
  let committing = false
  try {
    const value = await deps.scopes.run(scope, () =>
      deps.begin().execute(async (kysely) => {
        scope.state = 'open'
        const trx = Object.assign(kysely as Omit<Queries, 'engine'>, {
          engine: deps.engine,
          afterCommit: (hook: Hook) => void hooks.push(hook),
        })
        const result = await withinTime(deps.timeoutMs, scope, fn(trx))
        committing = true
        return result
      }),
    )
    return { ok: true, value, hooks }
  } catch (error) {
    // What doomed the transaction decides, whatever `fn` made of it.
    const cause = scope.doom ?? error
    const failure = failureOf(cause)
    // After a connection lost in COMMIT nobody knows whether it is done: running it again could do it twice.
    const again = failure === 'transient' || (failure === 'lost' && !committing)
    return { ok: false, error: again ? translate(cause) : translate(error), again }
  } finally {
    scope.state = 'ended'
  }
}

const withinTime = async <T>(timeoutMs: number, scope: Scope, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      scope.doom ??= failed('busy', new Error(`A transaction was open for more than ${timeoutMs} ms`))
      reject(scope.doom)
    }, timeoutMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The write is done: a failing hook must not look like a failed write. */
const runHook = (deps: TransactionDeps, hook: Hook): void => {
  const complain = (error: unknown): void => deps.log.error({ err: error }, 'a hook after commit failed')
  try {
    void Promise.resolve(hook()).catch(complain)
  } catch (error) {
    complain(error)
  }
}
