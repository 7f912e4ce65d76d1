import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { createApp } from './app.ts'
import { Bookkeeper } from './book/index.ts'
import { startSubscribers } from './events/index.ts'
import { openStores, startSweep } from './files/index.ts'
import { startResuming, workOff, workOffTask } from './faces/receeve/async.ts'
import { createTenantFinder, createTokenService } from './identity/index.ts'
import { promiseWork } from './promises/index.ts'
import type { Config } from './platform/config.ts'
import { type Connection, createAppPool, createOwnerPool, kyselyOn } from './platform/db.ts'
import { installJobs, startJobs } from './platform/jobs/index.ts'
import { startMaintenance } from './platform/maintenance.ts'
import { migrate } from './platform/migrate.ts'
import { createRateLimiter } from './platform/rate-limiter.ts'
import { createReader } from './platform/reader.ts'
import { createSealer, loadSecretKey, type Sealer } from './platform/sealer.ts'
import type { Services } from './platform/services.ts'
import { createTelemetry } from './platform/telemetry.ts'
import { startTenantClocks } from './platform/tenant-clocks.ts'
import { startTimedWork, type TimedWork } from './platform/timed-work.ts'
import { advanceClock } from './test-clock/index.ts'
import {
  createSender,
  createTargets,
  startDeliveries,
  type Targets,
  webhookSubscriber,
} from './webhooks/index.ts'

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
const jobsAtOnce = 4
const tenantsMax = 10_000

/** Puts the parts of one server together on a database, its schema brought up to date; nothing listens yet. */
export async function assemble(options: AssemblyOptions): Promise<Assembly> {
  const { connection, config, log, clock } = options
  const ownerPool = createOwnerPool(connection, ownerConnections)
  for (const name of await migrate(ownerPool)) log.info({ migration: name }, 'migration applied')
  await installJobs(ownerPool)
  const appPool = createAppPool(connection, config.poolSize)
  const db = kyselyOn(appPool)
  const clocks = await startTenantClocks({ db, clock, log })
  const services: Services = {
    config,
    db,
    reader: createReader(connection, readerConnections),
    limiter: tenantLimiter(config),
    telemetry: createTelemetry(),
    log,
    clock,
    clocks,
  }
  const sealer = createSealer(await loadSecretKey(config))
  const tokens = await createTokenService({ db, sealer, issuer: config.issuer, now: clock, log })
  const tenants = createTenantFinder({ db, now: clock })
  const targets = createTargets({ allow: config.webhookAllow })
  const telling = config.workers ? startTelling(services, { sealer, targets }) : undefined
  const bookkeeper = openBookkeeper(connection, services, (tenantIds) =>
    telling?.eventsCame(tenantIds),
  )
  const tasks = {
    [workOffTask]: (payload: unknown) => workOff({ services, bookkeeper, tenants }, payload),
  }
  const jobs = config.workers
    ? await startJobs({ ownerPool, concurrency: jobsAtOnce, log, now: clock, tasks })
    : undefined
  const resuming = config.workers ? startResuming(services) : undefined
  const maintenance = config.workers ? startMaintenance({ db, log, clock }) : undefined
  const stores = openStores(config, log)
  const sweep = config.workers ? startSweep({ db, stores, log, clock }) : undefined
  const works = timedWorks(services, bookkeeper)
  const timed = config.workers ? startTimedWork({ works, log }) : undefined
  const callers = { tokens, tenants, limiter: services.limiter, clock }
  const isReady = () => appPool.query('select 1').then(yes, no)
  const poke = (tenantId: string) => telling?.poke(tenantId)
  const webhooks = { targets, sealer, poke }
  const tell = (tenantId: string) => telling?.tell(tenantId) ?? Promise.resolve(false)
  const app = await createApp({
    services,
    bookkeeper,
    tokens,
    callers,
    webhooks,
    stores,
    advanceClock: (tenantId, input) => advanceClock({ ...services, works, tell }, tenantId, input),
    isReady,
  })
  return {
    app,
    services,
    bookkeeper,
    sealer,
    async close() {
      await app.close()
      maintenance?.close()
      await sweep?.close()
      await resuming?.close()
      await timed?.close()
      await jobs?.close()
      await bookkeeper.close()
      await telling?.close()
      await tokens.close()
      clocks.close()
      await services.reader.close()
      await Promise.all([appPool.end(), ownerPool.end()])
    },
  }
}

/** All that becomes due by the clock. */
function timedWorks(services: Services, bookkeeper: Bookkeeper): readonly TimedWork[] {
  const { db, clock, clocks } = services
  const nowOf = (tenantId: string) => clocks.nowOf(tenantId)
  return [promiseWork({ db, bookkeeper, clock, nowOf })]
}

const yes = () => true
const no = () => false

function tenantLimiter(config: Config) {
  const perSecond = config.rateLimitPerSecond
  return createRateLimiter({ ratePerSecond: perSecond, burst: perSecond, keysMax: tenantsMax })
}

/** Brings events to those who wait for them, within this server and beyond. */
function startTelling(
  { db, log, clock, clocks }: Services,
  { sealer, targets }: { sealer: Sealer; targets: Targets },
) {
  const sender = createSender({ targets })
  const nowOf = (tenantId: string) => clocks.nowOf(tenantId)
  const { random } = Math
  const deliveries = startDeliveries({ db, log, clock, nowOf, sealer, sender, random })
  const subscribers = startSubscribers({
    db,
    log,
    nowOf,
    subscribers: [webhookSubscriber((tenantId) => deliveries.poke(tenantId))],
  })
  return {
    poke: (tenantId: string) => deliveries.poke(tenantId),
    tell: (tenantId: string) => subscribers.drainTenant(tenantId),
    eventsCame(tenantIds: readonly string[]) {
      for (const tenantId of tenantIds) subscribers.poke(tenantId)
    },
    async close() {
      await subscribers.close()
      await deliveries.close()
    },
  }
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
