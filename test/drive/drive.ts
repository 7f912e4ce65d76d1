import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import { createOwnerPool } from '../../src/platform/db.ts'
import { findRunningPostgres } from '../../src/platform/embedded-postgres/index.ts'
import { type Created, kill, ServerProcess } from '../crash/server-process.ts'
import { type Action, actionsOf } from './actions.ts'
import type { Claim } from './cast.ts'
import { type Door, openDoor } from './door.ts'

export interface Drive {
  readonly cast: readonly Claim[]
  readonly startsAt: Date
  readonly days: number
  /** Called on the way; the server dies where one says so. */
  readonly deaths: readonly Death[]
}

/** A server that is killed while it moves the clock. */
export interface Death {
  readonly name: string
  /** Not before this day. */
  readonly fromDay: number
  /** A statement with a row when it is time to die; a time that passes unseen comes again on another day. */
  readonly when: string
  kills(server: ServerProcess): void
}

/** When something happened to a claim, by the tenant's clock. */
export interface Happened {
  readonly action: Action
  readonly at: Date
}

export interface Driven {
  readonly pool: pg.Pool
  readonly happened: readonly Happened[]
  readonly died: readonly string[]
  close(): Promise<void>
}

const dayMs = 86_400_000
const startMaxMs = 120_000
const pollMs = 5

/** Drives a sandbox tenant on a server of its own day by day, with all that happens to its claims. */
export async function drive(plan: Drive): Promise<Driven> {
  const it = new Driver(plan)
  try {
    await it.start()
    await it.run()
    return await it.result()
  } catch (error) {
    await it.end()
    throw error
  }
}

class Driver {
  readonly #plan: Drive
  // Left to the server to make: root's PostgreSQL runs as somebody who may not enter mkdtemp's.
  readonly #dataDir = path.join(os.tmpdir(), `quittance-drive-${randomBytes(5).toString('hex')}`)
  readonly #happened: Happened[] = []
  readonly #died: string[] = []
  readonly #deaths: Death[]
  #server: ServerProcess | undefined
  #tenant: Created | undefined
  #door: Door | undefined
  #pool: pg.Pool | undefined

  constructor(plan: Drive) {
    this.#plan = plan
    this.#deaths = [...plan.deaths]
  }

  async start(): Promise<void> {
    await this.#startServer()
    this.#tenant = await this.#server!.createTenant('Drive', '--sandbox')
    await this.#openDoor()
    await this.#door!.advance(this.#plan.startsAt)
    await this.#door!.install()
    await this.#door!.open(this.#plan.cast)
  }

  async run(): Promise<void> {
    const { startsAt, days, cast } = this.#plan
    const actions = actionsOf(cast, startsAt.toISOString().slice(0, 10))
    for (let day = 1; day <= days; day += 1) {
      const today = actions.get(day) ?? []
      // Several days at once where nothing happens on the way.
      if (today.length === 0 && day < days && day % 3 !== 0) continue
      await this.#advance(new Date(startsAt.getTime() + day * dayMs), day)
      for (const action of today) await action.run(this.#door!)
      const at = await this.#door!.now()
      this.#happened.push(...today.map((action) => ({ action, at })))
    }
  }

  async result(): Promise<Driven> {
    const pool = await this.#openPool()
    return {
      pool,
      happened: this.#happened,
      died: this.#died,
      close: () => this.end(),
    }
  }

  async end(): Promise<void> {
    await this.#pool?.end()
    this.#pool = undefined
    const server = this.#server
    if (server) {
      if (existsSync(path.join(this.#dataDir, 'pg', 'postmaster.pid'))) kill(server.postgresPids())
      server.killServer()
      await server.ended()
    }
    await rm(this.#dataDir, { recursive: true, force: true })
  }

  async #advance(to: Date, day: number): Promise<void> {
    const death = this.#deaths[0]
    if (!death || day < death.fromDay) return this.#door!.advance(to)
    const advancing = { isOver: false }
    const advanced = this.#door!.advance(to).finally(() => {
      advancing.isOver = true
    })
    advanced.catch(() => undefined)
    const pool = await this.#openPool()
    while (!advancing.isOver) {
      const { rows } = await pool.query(death.when)
      if (rows.length > 0) break
      await wait(pollMs)
    }
    if (advancing.isOver) return advanced
    this.#deaths.shift()
    await this.#die(death)
    const outcome = await advanced.then(
      () => 'answered',
      () => 'cut short',
    )
    this.#died.push(`${death.name} on day ${day}: ${outcome}`)
    return this.#advance(to, day)
  }

  async #die(death: Death): Promise<void> {
    await this.#pool?.end()
    this.#pool = undefined
    const server = this.#server!
    death.kills(server)
    await server.ended()
    await this.#startServer()
    await this.#openDoor()
  }

  async #startServer(): Promise<void> {
    this.#server = await ServerProcess.start(this.#dataDir, startMaxMs)
  }

  async #openDoor(): Promise<void> {
    this.#door = await openDoor(this.#server!, this.#tenant!)
  }

  async #openPool(): Promise<pg.Pool> {
    const owner = await findRunningPostgres(this.#dataDir)
    this.#pool ??= createOwnerPool(owner!, 2)
    return this.#pool
  }
}
