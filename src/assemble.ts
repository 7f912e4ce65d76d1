import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import type { Logger } from 'pino'
import { createApp } from './app.ts'
import { Bookkeeper } from './book/index.ts'
import { createRenderer } from './communications/index.ts'
import { createCardCharger, createTurns } from './crm/index.ts'
import { openStores } from './files/index.ts'
import { createGateways } from './gateways/index.ts'
import { createTenantFinder, createTokenService } from './identity/index.ts'
import type { Config } from './platform/config.ts'
import { type Connection, createAppPool, createOwnerPool, kyselyOn } from './platform/db.ts'
import { installJobs } from './platform/jobs/index.ts'
import { migrate } from './platform/migrate.ts'
import { createPlace, type Place } from './platform/public-url.ts'
import { createRateLimiter } from './platform/rate-limiter.ts'
import { createReader } from './platform/reader.ts'
import { Refusal } from './platform/refusal.ts'
import { openSealer } from './platform/installation-sealer.ts'
import type { Sealer } from './platform/sealer.ts'
import type { Services } from './platform/services.ts'
import { createTelemetry } from './platform/telemetry.ts'
import { startTenantClocks } from './platform/tenant-clocks.ts'
import { createTargets } from './webhooks/index.ts'
import { type Parts, startWork, type Work } from './work.ts'

export interface Assembly {
  readonly app: FastifyInstance
  readonly services: Services
  readonly bookkeeper: Bookkeeper
  readonly sealer: Sealer
  close(): Promise<void>
}

export interface AssemblyOptions {
  readonly connection: Connection
  readonly config: Config
  readonly log: Logger
  readonly clock: () => Date
}

const readerConnections = 4
const ownerConnections = 4
const tenantsMax = 10_000

/** Puts the parts of one server together on a database, its schema brought up to date; nothing listens yet. */
export async function assemble(options: AssemblyOptions): Promise<Assembly> {
  const { config, log, clock } = options
  const { ownerPool, appPool, place, services } = await openGround(options)
  const { db, sealer } = services
  const tokens = await createTokenService({ db, sealer, issuer: config.issuer, now: clock, log })
  let work: Work | undefined
  const bookkeeper = openBookkeeper(options.connection, services, (tenantIds) =>
    work?.eventsCame(tenantIds),
  )
  const nowOf = (tenantId: string) => services.clocks.nowOf(tenantId)
  const publicUrl = () => services.publicUrl()
  const gateways = createGateways({ config, db, sealer, clock, nowOf, publicUrl })
  const parts: Parts = {
    services,
    bookkeeper,
    sealer,
    tenants: createTenantFinder({ db, now: clock }),
    stores: openStores(config, log),
    targets: createTargets({ allow: config.webhookAllow }),
    nowOf,
    renderer: createRenderer(),
    checkout: { db, bookkeeper, gateways, nowOf, publicUrl },
    crm: { db, bookkeeper, clock, nowOf, cards: createCardCharger(gateways), turns: createTurns() },
  }
  if (config.workers) work = await startWork(parts, ownerPool)
  const app = await createApp({
    ...parts,
    tokens,
    callers: { tokens, tenants: parts.tenants, limiter: services.limiter, clock },
    poke: (tenantId) => work?.poke(tenantId),
    advanceClock: (tenantId, input) =>
      work ? work.advanceClock(tenantId, input) : Promise.reject(worksNot()),
    isReady: () => appPool.query('select 1').then(yes, no),
  })
  place.watch(app)
  return {
    app,
    services,
    bookkeeper,
    sealer,
    async close() {
      await app.close()
      await work?.close()
      parts.renderer.close()
      await bookkeeper.close()
      await tokens.close()
      services.clocks.close()
      await services.reader.close()
      await Promise.all([appPool.end(), ownerPool.end()])
    },
  }
}

interface Ground {
  readonly ownerPool: pg.Pool
  readonly appPool: pg.Pool
  readonly place: Place
  readonly services: Services
}

/** The database, up to date, and what everything else stands on. */
async function openGround({ connection, config, log, clock }: AssemblyOptions): Promise<Ground> {
  const ownerPool = createOwnerPool(connection, ownerConnections)
  const applied = await migrate(ownerPool)
  if (applied.length > 0)
    log.info({ count: applied.length, last: applied.at(-1) }, 'migrations applied')
  await installJobs(ownerPool)
  const appPool = createAppPool(connection, config.poolSize)
  const db = kyselyOn(appPool)
  const place = createPlace(config)
  const services: Services = {
    config,
    db,
    sealer: await openSealer(config, ownerPool),
    reader: createReader(connection, readerConnections),
    limiter: tenantLimiter(config),
    telemetry: createTelemetry(),
    log,
    clock,
    clocks: await startTenantClocks({ db, clock, log }),
    publicUrl: place.publicUrl,
  }
  return { ownerPool, appPool, place, services }
}

const worksNot = () =>
  new Refusal('works_not', 'unavailable', 'This server does no work of its own (--workers off)')

const yes = () => true
const no = () => false

function tenantLimiter(config: Config) {
  const perSecond = config.rateLimitPerSecond
  return createRateLimiter({ ratePerSecond: perSecond, burst: perSecond, keysMax: tenantsMax })
}

function openBookkeeper(
  connection: Connection,
  services: Services,
  eventsCame: (tenantIds: readonly string[]) => void,
): Bookkeeper {
  const { config, telemetry, log, clocks } = services
  const bookkeeper = new Bookkeeper({
    connection,
    lanes: config.lanes,
    queueMax: config.queueMax,
    nowOf: (tenantId) => clocks.nowOf(tenantId),
    onBatch(batch) {
      telemetry.batchSeen(batch)
      eventsCame(batch.tenants)
    },
    onBug: (error) => log.error({ err: error }, 'the bookkeeper could not book'),
  })
  telemetry.watchQueue(() => bookkeeper.queueDepth)
  return bookkeeper
}
