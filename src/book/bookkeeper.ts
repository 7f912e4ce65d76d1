import pg from 'pg'
import { asApplication, type Connection, isRetryable, tenantsSetting } from '../platform/db.ts'
import { presentWork } from '../platform/keyed-work.ts'
import { Refusal } from '../platform/refusal.ts'
import { sendTogether } from '../platform/send-together.ts'
import { mayCopy, writeInBulk } from './bulk-write.ts'
import { commitAll } from './commit.ts'
import type { Desk, Needs } from './desk.ts'
import { loadDesks, MovedMeanwhile } from './load.ts'
import { laneSettings } from './load-statements.ts'
import type { Json } from './model.ts'
import { isAccepted, noting } from './note-keyed.ts'
import { WorkQueue } from './queue.ts'
import { queryOf, writesOf } from './write.ts'

/** One decision on the book. `decide` is pure: it records changes on the desk's books or throws a refusal. */
export interface Command<R = unknown> {
  readonly id: string
  readonly tenantId: string
  readonly needs: Needs
  /** Noted on every event that the command emits. */
  readonly metadata?: Json
  decide(desk: Desk): R
}

export type Outcome<R = unknown> = { readonly result: R } | { readonly refusal: Refusal }

/** A statement that commits with a group: the answer of an idempotent request, the end of a pending command. */
export interface Companion {
  readonly text: string
  readonly values: unknown[]
}

export interface GroupOptions<R> {
  /** One refusal refuses all of it, and nothing of it is booked. */
  readonly isWhole?: boolean
  /** Its companions only note that it did something, which they can of each of its commands. */
  readonly isOnlyNoted?: boolean
  /**
   * Decided last, with all outcomes; its statements commit together with the group or not at all. A constraint of their
   * own tables that they violate is an answer to the caller, not a bug: the promise is rejected with it.
   */
  companions?(outcomes: Outcome<R>[]): Companion[]
}

export interface BatchSeen {
  readonly commands: number
  readonly waitMs: number
  readonly durationMs: number
  /** What each of its commits took: one, more where the batch came apart, none where nothing was committed. */
  readonly commitsMs: readonly number[]
  /** Whose commands they were. */
  readonly tenants: readonly string[]
}

export interface BookkeeperOptions {
  readonly connection: Connection
  readonly lanes: number
  readonly queueMax: number
  /** What time it is for a tenant. */
  readonly nowOf: (tenantId: string) => Date
  /** Decides, and takes everything back: what would happen, without its happening. */
  readonly isDryRun?: boolean
  /** Writes what is new by COPY: for large batches of new rows, where the connection may act as the tables' owner. */
  readonly isBulk?: boolean
  onBatch?(batch: BatchSeen): void
  onBug?(error: unknown): void
}

interface Work {
  readonly keys: readonly string[]
  readonly size: number
  readonly commands: readonly Command[]
  readonly options: GroupOptions<unknown>
  readonly queuedAt: number
  resolve(outcomes: Outcome[]): void
  reject(error: unknown): void
}

export const batchMax = 256
const attemptsMax = 5

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
    setImmediate(() => void this.#work(lane))
  }

  async #work(lane: Lane): Promise<void> {
    for (;;) {
      const works = this.#queue.take(batchMax)
      if (works.length === 0) break
      this.#running += 1
      const startedAt = performance.now()
      await settle(lane, works, this.#options)
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

/** Commits works together; when that fails for a reason nobody foresaw, one by one, so that none fails its neighbours. */
async function settle(
  lane: Lane,
  works: readonly Work[],
  options: BookkeeperOptions,
): Promise<void> {
  try {
    const outcomes = await attempt(lane, works)
    works.forEach((work, index) => work.resolve(outcomes[index] ?? []))
  } catch (error) {
    const [only] = works
    if (works.length === 1 && only) {
      if (canSplit(only, error)) await settleApart(lane, only, options)
      else fail(only, error, options)
      return
    }
    // Nobody knows what became of it; or the database was gone time after time, and their callers need not wait for more.
    if (error instanceof OutcomeUnknown || error instanceof ConnectionLost) {
      if (error instanceof OutcomeUnknown) options.onBug?.(error)
      for (const work of works) work.reject(error)
      return
    }
    for (const work of works) await settle(lane, [work], options)
  }
}

function fail(work: Work, error: unknown, options: BookkeeperOptions): void {
  if (!(error instanceof Refusal) && !isVerdict(error)) options.onBug?.(error)
  work.reject(error)
}

/** A group whose commands need not commit together is decided one by one when a bug in one of them fails it. */
function canSplit({ commands, options }: Work, error: unknown): boolean {
  const isBound = options.isWhole === true || (options.companions && options.isOnlyNoted !== true)
  return commands.length > 1 && !isBound && !(error instanceof Refusal)
}

async function settleApart(lane: Lane, work: Work, options: BookkeeperOptions): Promise<void> {
  const outcomes: Outcome[] = []
  let bug: unknown
  for (const command of work.commands) {
    try {
      const [decided] = await attempt(lane, [{ ...work, commands: [command] }])
      outcomes.push(...(decided ?? []))
    } catch (error) {
      if (error instanceof Refusal) return work.reject(error)
      options.onBug?.(error)
      bug = error
      outcomes.push({ refusal: new Refusal('internal', 'invalid', 'Internal server error') })
    }
  }
  if (outcomes.every((outcome) => 'refusal' in outcome && outcome.refusal.code === 'internal'))
    work.reject(bug)
  else work.resolve(outcomes)
}

/** Repeats what lost a race, a few times. */
async function attempt(lane: Lane, works: readonly Work[]): Promise<Outcome[][]> {
  for (let count = 1; ; count += 1) {
    try {
      return await lane.run(works)
    } catch (error) {
      const isLostRace =
        isRetryable(error) ||
        error instanceof MovedMeanwhile ||
        (works.length === 1 && isTaken(error) && !isVerdict(error))
      if (!(isLostRace || error instanceof ConnectionLost) || count >= attemptsMax) throw error
      if (error instanceof ConnectionLost)
        await new Promise((resolve) => setTimeout(resolve, 50 * count))
    }
  }
}

const uniqueViolation = '23505'
const isTaken = (error: unknown) =>
  error instanceof pg.DatabaseError && error.code === uniqueViolation

const bookTables: ReadonlySet<string> = new Set([
  'account',
  'debtor',
  'account_debtor',
  'product',
  'entry',
  'item',
  'claim',
  'provider_payment',
  'promise',
  'mandate',
  'journey_run',
  'event',
])

/** A violated constraint of a table that is not the book's: what a companion said to the whole of its group. */
const isVerdict = (error: unknown) =>
  error instanceof pg.DatabaseError &&
  error.code?.startsWith('23') === true &&
  error.table !== undefined &&
  !bookTables.has(error.table)

/** The connection broke before anything was written: the same work may simply be done again. */
class ConnectionLost extends Refusal {
  override name = 'ConnectionLost'
  constructor() {
    super('database_unavailable', 'unavailable', 'The database cannot be reached', 1)
  }
}

/** The connection broke while the commit was on its way. Repeating it could book twice, so nobody here does. */
export class OutcomeUnknown extends Refusal {
  override name = 'OutcomeUnknown'
  constructor() {
    super(
      'outcome_unknown',
      'unavailable',
      'The connection to the database broke during the commit',
      1,
    )
  }
}

// A plan made while a table was small is kept until the table is analysed, a minute of thousands of rows later.
const planAgeMaxMs = 5_000

/** One connection on which batches are decided and committed, one after another. */
class Lane {
  readonly #options: BookkeeperOptions
  #client: pg.Client | undefined
  #plannedAtMs = 0
  #isCopying = false
  readonly #commitsMs: number[] = []

  constructor(options: BookkeeperOptions) {
    this.#options = options
  }

  async run(works: readonly Work[]): Promise<Outcome[][]> {
    const client = await this.#connected()
    const commands = works.flatMap((work) => work.commands)
    const tenants = [...new Set(commands.map((command) => command.tenantId))]
    sendTogether(client)
    const begun = Promise.all([
      ...this.#forgetOldPlans(client),
      client.query('begin'),
      client.query({
        name: 'tenants',
        text: 'select set_config($1, $2, true)',
        values: [tenantsSetting, `{${tenants.join(',')}}`],
      }),
    ])
    let isCommitting = false
    try {
      const [, desks] = await Promise.all([begun, loadDesks(client, commands, this.#options.nowOf)])
      const decided = works.map((work) => decideAll(desks, work))
      if (this.#options.isDryRun) {
        await client.query('rollback')
        return decided
      }
      const writes = writesOf([...desks.values()])
      const companions = works.flatMap(
        (work, index) => work.options.companions?.(decided[index] ?? []) ?? [],
      )
      if (this.#isCopying) await writeInBulk(client, writes.splice(0))
      // Made before anything is sent: a row that cannot be written must not fail with half of its batch on the way.
      const queries = writes.map(queryOf)
      isCommitting = true
      sendTogether(client)
      const commitMs = await commitAll(client, [
        ...queries.map((query) => client.query(query)),
        ...companions.map(({ text, values }) => client.query(text, values)),
      ])
      this.#commitsMs.push(commitMs)
      return decided
    } catch (error) {
      throw await this.#recover(client, error, isCommitting)
    }
  }

  /** How long each commit took since somebody asked last. */
  takeCommits(): number[] {
    return this.#commitsMs.splice(0)
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => undefined)
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client) return this.#client
    const client = new pg.Client({
      ...asApplication(this.#options.connection),
      application_name: 'quittance-bookkeeper',
      pipeline: true,
    })
    client.on('error', () => {
      if (this.#client === client) this.#client = undefined
    })
    try {
      await client.connect()
      await client.query(laneSettings)
      this.#isCopying = this.#options.isBulk === true && (await mayCopy(client))
    } catch {
      await client.end().catch(() => undefined)
      throw new ConnectionLost()
    }
    this.#client = client
    this.#plannedAtMs = performance.now()
    return client
  }

  #forgetOldPlans(client: pg.Client): Promise<pg.QueryResult>[] {
    const nowMs = performance.now()
    if (nowMs - this.#plannedAtMs < planAgeMaxMs) return []
    this.#plannedAtMs = nowMs
    return [client.query('discard plans')]
  }

  /** Leaves the connection usable, or drops it, and says what the failure means. */
  async #recover(client: pg.Client, error: unknown, isCommitting: boolean): Promise<unknown> {
    const isAnswer = error instanceof pg.DatabaseError && !isShutdown(error)
    try {
      await client.query('rollback')
      if (!isConnectionError(error)) return error
    } catch {
      if (this.#client === client) this.#client = undefined
      void client.end().catch(() => undefined)
      if (isAnswer || error instanceof MovedMeanwhile) return error
    }
    return isCommitting ? new OutcomeUnknown() : new ConnectionLost()
  }
}

/** 57P01 and its neighbours: the server goes down and takes the session with it. */
const isShutdown = (error: pg.DatabaseError) => error.code?.startsWith('57P') === true

const isConnectionError = (error: unknown) =>
  (error instanceof pg.DatabaseError && isShutdown(error)) ||
  (error instanceof Error && /Connection terminated|ECONN|EPIPE|not queryable/.test(error.message))

function decideAll(desks: Map<string, Desk>, { commands, options }: Work): Outcome[] {
  const outcomes = commands.map((command) => {
    const desk = desks.get(command.tenantId)
    if (!desk) throw new Error('a command of a tenant that was not loaded')
    const outcome = decideOne(desk, command)
    if (!options.isWhole) desk.journal.forget()
    return outcome
  })
  return options.isWhole ? allOrNothing([...desks.values()], outcomes) : outcomes
}

/** Of a group that is booked whole, one refusal takes back the rest. What came before the group is forgotten already. */
function allOrNothing(desks: readonly Desk[], outcomes: Outcome[]): Outcome[] {
  const refused = outcomes.find((outcome) => 'refusal' in outcome)
  for (const { journal } of desks) {
    if (refused) journal.rollBack(0)
    journal.forget()
  }
  return refused ? outcomes.map(() => refused) : outcomes
}

/** A refused command leaves no change: what it recorded before it was refused is taken back. */
export function decideOne<R>(desk: Desk, command: Command<R>): Outcome<R> {
  const mark = desk.journal.mark()
  desk.commandId = command.id
  desk.metadata = command.metadata ?? {}
  try {
    return { result: command.decide(desk) }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    desk.journal.rollBack(mark)
    return { refusal: error }
  }
}
