import { inBackground, presentWork } from '../platform/keyed-work.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Command, GroupOptions, Outcome, Work } from './command.ts'
import { Lane, type LaneOptions } from './lane.ts'
import { isAccepted, noting } from './note-keyed.ts'
import { WorkQueue } from './queue.ts'
import { settle } from './settle.ts'

export interface BatchSeen {
  readonly commands: number
  readonly waitMs: number
  readonly durationMs: number
  /** What each of its commits took: one, more where the batch came apart, none where nothing was committed. */
  readonly commitsMs: readonly number[]
  /** Whose commands they were. */
  readonly tenants: readonly string[]
}

export interface BookkeeperOptions extends LaneOptions {
  readonly lanes: number
  readonly queueMax: number
  onBatch?(batch: BatchSeen): void
  readonly onBug?: (error: unknown) => void
}

const batchMax = 256

/**
 * The only writer of the book's tables. Commands wait in one bounded queue; a lane that becomes free takes all that
 * waits, decides it in order and commits once (docs/decisions/0002-batched-bookkeeper.md). A promise settles only after
 * the commit of its command.
 */
export class Bookkeeper {
  readonly #options: BookkeeperOptions
  readonly #queue = new WorkQueue<Work>()
  readonly #idle: Lane[]
  readonly #lanes: Lane[]
  #isClosing = false
  #running = 0
  #onQuiet: (() => void) | undefined

  constructor(options: BookkeeperOptions) {
    this.#options = options
    this.#lanes = Array.from({ length: options.lanes }, () => new Lane(options))
    this.#idle = [...this.#lanes]
  }

  get queueDepth(): number {
    return this.#queue.depth
  }

  /** Decides one command. Resolves after its commit; a refusal is an outcome, not an exception. */
  async submit<R>(command: Command<R>): Promise<Outcome<R>> {
    const [outcome] = await this.submitGroup([command])
    return outcome as Outcome<R>
  }

  /** Decides commands in the given order in one transaction, each accepted or refused on its own unless they are whole. */
  async submitGroup<R>(
    commands: readonly Command<R>[],
    options: GroupOptions<R> = {},
  ): Promise<Outcome<R>[]> {
    const keyed = presentWork(commands[0]?.tenantId ?? '')
    const outcomes = (await this.#enqueue(
      commands,
      keyed ? noting(keyed, options) : options,
    )) as Outcome<R>[]
    if (keyed) keyed.isActed ||= outcomes.some(isAccepted)
    return outcomes
  }

  /** Lets what waits finish, takes nothing new, and closes the connections. */
  async close(): Promise<void> {
    this.#isClosing = true
    if (this.#running > 0 || !this.#queue.isEmpty) {
      await new Promise<void>((resolve) => {
        this.#onQuiet = resolve
      })
    }
    await Promise.all(this.#lanes.map((lane) => lane.close()))
  }

  #enqueue(commands: readonly Command[], options: GroupOptions<unknown>): Promise<Outcome[]> {
    if (this.#isClosing)
      return Promise.reject(new Refusal('closing', 'unavailable', 'The server is stopping', 1))
    if (this.#queue.depth + commands.length > this.#options.queueMax && this.#queue.depth > 0) {
      return Promise.reject(
        new Refusal('queue_full', 'unavailable', 'Too much is waiting to be booked', 1),
      )
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({
        keys: keysOf(commands),
        size: commands.length,
        commands,
        options,
        queuedAt: performance.now(),
        resolve,
        reject,
      })
      this.#wakeLane()
    })
  }

  #wakeLane(): void {
    const lane = this.#idle.pop()
    if (lane === undefined) return
    // Requests that arrived in the same turn of the event loop go out together; a lone one waits for nothing else.
    // The lane works for all who wait, and pokes who is to be told of it.
    inBackground(() => setImmediate(() => void this.#work(lane)))
  }

  async #work(lane: Lane): Promise<void> {
    for (;;) {
      const works = this.#queue.take(batchMax)
      if (works.length === 0) break
      this.#running += 1
      const startedAt = performance.now()
      await settle(lane, works, this.#options.onBug)
      this.#running -= 1
      this.#queue.release(works)
      this.#seen(works, startedAt, lane.takeCommits())
      // Another lane may have passed over works whose keys are free now.
      if (!this.#queue.isEmpty) this.#wakeLane()
    }
    this.#idle.push(lane)
    if (this.#isClosing && this.#running === 0 && this.#queue.isEmpty) this.#onQuiet?.()
  }

  #seen(works: readonly Work[], startedAt: number, commitsMs: readonly number[]): void {
    const commands = works.reduce((sum, work) => sum + work.size, 0)
    const waitMs = startedAt - Math.min(...works.map((work) => work.queuedAt))
    const tenants = works.flatMap((work) => work.commands.map(({ tenantId }) => tenantId))
    this.#options.onBatch?.({
      commands,
      waitMs,
      durationMs: performance.now() - startedAt,
      commitsMs,
      tenants: [...new Set(tenants)],
    })
  }
}

function keysOf(commands: readonly Command[]): string[] {
  const keys = new Set<string>()
  for (const { tenantId, needs } of commands) {
    for (const reference of needs.accounts ?? []) keys.add(`${tenantId}/account/${reference}`)
    for (const reference of needs.claims ?? []) keys.add(`${tenantId}/claim/${reference}`)
    // Two who see a debtor for the first time find no row to lock, and the second would write over the first.
    for (const reference of needs.debtors ?? []) keys.add(`${tenantId}/debtor/${reference}`)
  }
  return [...keys]
}
