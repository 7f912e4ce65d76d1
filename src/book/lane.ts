import pg from 'pg'
import { asApplication, type Connection, tenantsSetting } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import { sendTogether } from '../platform/send-together.ts'
import { mayCopy, writeInBulk } from './bulk-write.ts'
import { decideAll, type Outcome, type Work } from './command.ts'
import { commitAll } from './commit.ts'
import { loadDesks, MovedMeanwhile } from './load.ts'
import { laneSettings } from './load-statements.ts'
import { queryOf, writesOf } from './write.ts'

export interface LaneOptions {
  readonly connection: Connection
  /** What time it is for a tenant. */
  readonly nowOf: (tenantId: string) => Date
  /** Decides, and takes everything back: what would happen, without its happening. */
  readonly isDryRun?: boolean
  /** Writes what is new by COPY: for large batches of new rows, where the connection may act as the tables' owner. */
  readonly isBulk?: boolean
}

/** The connection broke before anything was written: the same work may simply be done again. */
export class ConnectionLost extends Refusal {
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

/** The database is gone: whoever waits need not wait for more. */
export const isGone = (error: unknown) =>
  error instanceof OutcomeUnknown || error instanceof ConnectionLost

// A plan made while a table was small is kept until the table is analysed, a minute of thousands of rows later.
const planAgeMaxMs = 5_000

/** One connection on which batches are decided and committed, one after another. */
export class Lane {
  readonly #options: LaneOptions
  #client: pg.Client | undefined
  #plannedAtMs = 0
  #isCopying = false
  readonly #commitsMs: number[] = []

  constructor(options: LaneOptions) {
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
