/**
 * Owns the time for which someone holds a connection. It refuses a handle used after its end, a doomed transaction
 * that goes on, and a statement outside the transaction one is in (SQLite would wait for itself, MySQL would not
 * roll it back).
 */
import type { AsyncLocalStorage } from 'node:async_hooks'
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely'
import type { Engine, Session } from './engine.ts'
import { failureOf, translate } from './failure.ts'
import { backOff, maxAttempts } from './retry.ts'

/** What a running `transaction()` knows of itself. */
export interface Scope {
  state: 'opening' | 'open' | 'ended'
  /** The error after which the engine may have rolled back already: only a rollback may follow. */
  doom: Error | undefined
}

export class Lease implements DatabaseConnection {
  readonly #engine: Engine
  readonly #scope: Scope | undefined
  #session: Session | undefined
  #ended = false

  constructor(engine: Engine, scope: Scope | undefined) {
    this.#engine = engine
    this.#scope = scope
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#ended || this.#scope?.state === 'ended') {
      throw new Error('This transaction has ended: its handle was kept, or a statement was not awaited')
    }
    if (/^\s*(begin|start transaction|commit|end|rollback|savepoint|release)\b/i.test(query.sql)) {
      throw new Error('Transactions begin and end through transaction()')
    }
    return (this.#session ? await this.#inTransaction(query) : await this.#alone(query)) as QueryResult<R>
  }

  async #inTransaction(query: CompiledQuery): Promise<QueryResult<unknown>> {
    const scope = this.#scope
    if (scope?.doom !== undefined) throw scope.doom
    try {
      return await this.#session!.run(query)
    } catch (error) {
      const failure = failureOf(error)
      const thrown = translate(error)
      const dooms = failure !== 'duplicate' && failure !== 'bug'
      if (scope && dooms && thrown instanceof Error) scope.doom = thrown
      throw thrown
    }
  }

  async #alone(query: CompiledQuery): Promise<QueryResult<unknown>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#engine.run(query)
      } catch (error) {
        const failure = failureOf(error)
        // A statement that lost its connection may have been done; only reading it again is harmless.
        const again =
          failure === 'transient' || (failure === 'lost' && query.query.kind === 'SelectQueryNode')
        if (!again || attempt >= (failure === 'lost' ? 2 : maxAttempts)) throw translate(error)
        await backOff(attempt)
      }
    }
  }

  streamQuery(): never {
    throw new Error('Read page by page: a stream would hold the connection for as long as its reader likes')
  }

  async begin(): Promise<void> {
    this.#session = await this.#engine.begin()
  }

  async commit(): Promise<void> {
    if (this.#scope?.doom !== undefined) throw this.#scope.doom
    await this.#session?.commit()
  }

  async rollback(): Promise<void> {
    await this.#session?.rollback()
  }

  end(): void {
    this.#ended = true
    this.#session?.release()
    this.#session = undefined
  }
}

export const createLeaseDriver = (engine: Engine, scopes: AsyncLocalStorage<Scope>): Driver => ({
  init: () => Promise.resolve(),
  async acquireConnection() {
    const scope = scopes.getStore()
    if (scope?.state === 'open') {
      throw new Error('Inside a transaction every statement goes through its handle')
    }
    return new Lease(engine, scope?.state === 'opening' ? scope : undefined)
  },
  beginTransaction: (connection) => leaseOf(connection).begin(),
  commitTransaction: (connection) => leaseOf(connection).commit(),
  rollbackTransaction: (connection) => leaseOf(connection).rollback(),
  async releaseConnection(connection) {
    leaseOf(connection).end()
  },
  destroy: () => engine.close(),
})

const leaseOf = (connection: DatabaseConnection): Lease => {
  if (connection instanceof Lease) return connection
  throw new TypeError('Not a connection of this driver')
}
