import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { lockNumber } from '../advisory-locks.ts'
import type { JobLog } from './log.ts'

/** The advisory lock that says that the worker `name` lives, as SQL over an expression that yields the name. */
export function lockKey(name: string): string {
  return `hashtextextended(${name}, ${lockNumber('workers')})`
}

const retryMs = 250

/**
 * Holds one advisory lock for each worker of this process, on one connection of its own: when the process ends, however
 * it ends, PostgreSQL frees them. They are shared locks, so that a new connection need not wait for the end of a broken
 * one; the reaper asks for them exclusively.
 */
export class WorkerLease {
  readonly #open: () => Promise<pg.Client>
  readonly #log: JobLog
  readonly #stop = new AbortController()
  readonly #workers = new Set<string>()
  readonly #held = new Set<string>()
  #client: pg.Client | undefined
  #acquiring: Promise<void> | undefined

  constructor(open: () => Promise<pg.Client>, log: JobLog) {
    this.#open = open
    this.#log = log
  }

  /** What to wait for until every lock is held; undefined while they are. */
  whenHeld(): Promise<void> | undefined {
    return this.#acquiring
  }

  /** Holds the worker's lock from soon on: `whenHeld` says when. */
  add(worker: string): void {
    this.#workers.add(worker)
    this.#acquire()
  }

  /** Lets go of the lock of a worker that has ended. */
  async drop(worker: string): Promise<void> {
    await this.#acquiring
    this.#workers.delete(worker)
    if (!this.#held.delete(worker)) return
    const client = this.#client
    try {
      await client?.query(`select pg_advisory_unlock_shared(${lockKey('$1')})`, [worker])
    } catch (error) {
      // A new connection takes only the locks that are still wanted.
      this.#onBroken(client, error)
    }
  }

  /** Finds out whether the connection still lives; a network that went away does not say so by itself. */
  async check(): Promise<void> {
    const client = this.#client
    try {
      await client?.query('select 1')
    } catch (error) {
      this.#onBroken(client, error)
    }
  }

  /** Takes no lock again, and lets everybody pass who waits for one; those held stay until `close`. */
  stop(): void {
    this.#stop.abort()
  }

  /** Lets go of every lock. */
  async close(): Promise<void> {
    this.stop()
    await this.#acquiring
    const client = this.#client
    this.#client = undefined
    await client?.end()
  }

  #acquire(): void {
    if (this.#isStopped()) return
    this.#acquiring ??= this.#acquireUntilHeld()
  }

  async #acquireUntilHeld(): Promise<void> {
    while (!this.#isStopped() && !this.#isHeld()) {
      try {
        await this.#acquireMissing()
      } catch (error) {
        this.#onBroken(this.#client, error)
        await sleep(retryMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
      }
    }
    // In the same turn as the last look, so that no worker is added between the two.
    this.#acquiring = undefined
  }

  async #acquireMissing(): Promise<void> {
    const client = this.#client ?? (await this.#connect())
    for (let worker = this.#missing(); worker !== undefined; worker = this.#missing()) {
      await client.query(`select pg_advisory_lock_shared(${lockKey('$1')})`, [worker])
      this.#held.add(worker)
    }
  }

  async #connect(): Promise<pg.Client> {
    const client = await this.#open()
    this.#client = client
    this.#held.clear()
    client.on('error', (error) => this.#onBroken(client, error))
    client.on('end', () => this.#onBroken(client, new Error('The connection was closed')))
    return client
  }

  #isHeld(): boolean {
    return this.#client !== undefined && this.#missing() === undefined
  }

  #missing(): string | undefined {
    return [...this.#workers].find((worker) => !this.#held.has(worker))
  }

  #onBroken(client: pg.Client | undefined, error: unknown): void {
    if (client !== this.#client || this.#isStopped()) return
    this.#log.warn({ err: error }, 'No connection for the job workers: no job is taken until then')
    this.#client = undefined
    this.#held.clear()
    void client?.end().catch(() => undefined)
    this.#acquire()
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted
  }
}
