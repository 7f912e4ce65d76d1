import type pg from 'pg'
import type { Bookkeeper } from './book/index.ts'
import { caseSubscriber, caseWork } from './cases/index.ts'
import { type CheckoutDeps, paymentWork } from './checkout/index.ts'
import {
  closeTransports,
  createPrepare,
  logTransports,
  messageWork,
  openTransports,
  queueMessages,
  type Renderer,
  resumeSubscriber,
  type Transports,
  unsubscribeToken,
} from './communications/index.ts'
import { creditSubscriber, type CrmDeps, crmWork } from './crm/index.ts'
import { disputeSubscriber } from './disputes/index.ts'
import { startSubscribers, type Subscriber } from './events/index.ts'
import { startResuming, workOff, workOffTask } from './faces/receeve/async.ts'
import { listenerSubscriberOf } from './faces/wallee/webhooks/tell-listeners.ts'
import { overdueWork } from './faces/wallee/webhooks/tell-overdue.ts'
import { type BlobStores, startSweep } from './files/index.ts'
import type { TenantFinder } from './identity/index.ts'
import { journeySubscriber, journeyWork } from './journeys/index.ts'
import { startJobs } from './platform/jobs/index.ts'
import { startMaintenance } from './platform/maintenance.ts'
import type { Sealer } from './platform/sealer.ts'
import type { Services } from './platform/services.ts'
import { startTimedWork, type TimedWork } from './platform/timed-work.ts'
import { placeClaims, placementSubscriber, recallClaims } from './placements/index.ts'
import { planSubscriber, planWork } from './plans/index.ts'
import { promiseWork } from './promises/index.ts'
import { reactionSubscriber, reactionWork } from './reactions/index.ts'
import { createTasks, taskWork } from './tasks/index.ts'
import { advanceClock } from './test-clock/index.ts'
import type { AdvanceInput } from './test-clock/schema.ts'
import {
  createSender,
  type Deliveries,
  startDeliveries,
  type Targets,
  webhookSubscriber,
} from './webhooks/index.ts'

/** What the parts of the product are given to work with. */
export interface Parts {
  readonly services: Services
  readonly bookkeeper: Bookkeeper
  readonly sealer: Sealer
  readonly tenants: TenantFinder
  readonly stores: BlobStores
  readonly targets: Targets
  readonly nowOf: (tenantId: string) => Date
  readonly renderer: Renderer
  /** With the payment providers of tenants. */
  readonly checkout: CheckoutDeps
  /** What the CRM.COM door books and charges with. */
  readonly crm: CrmDeps
}

/** All that a server does besides answering requests. */
export interface Work {
  /** Says whose books have new events. */
  eventsCame(tenantIds: readonly string[]): void
  /** Says that a tenant has new messages to deliver to its webhooks. */
  poke(tenantId: string): void
  advanceClock(tenantId: string, input: AdvanceInput): Promise<Date>
  close(): Promise<void>
}

const jobsAtOnce = 4

/** Who is told of events. */
function subscribersOf(_parts: Parts, deliveries: Deliveries): readonly Subscriber[] {
  return [
    caseSubscriber(),
    creditSubscriber(),
    // Before journeys: a claim that begins anew is contested by nobody.
    disputeSubscriber(),
    journeySubscriber(),
    placementSubscriber(),
    planSubscriber(),
    reactionSubscriber(),
    resumeSubscriber,
    webhookSubscriber((tenantId) => deliveries.poke(tenantId)),
    listenerSubscriberOf((tenantId) => deliveries.poke(tenantId)),
  ]
}

/** What journeys have others do. */
const journeyActions = { queueMessages, createTasks, placeClaims, recallClaims }

interface WaysOut {
  readonly deliveries: Deliveries
  readonly transports: Transports
}

/** All that becomes due by the clock. */
function timedWorkOf(parts: Parts, { deliveries, transports }: WaysOut): readonly TimedWork[] {
  const { services, bookkeeper, nowOf } = parts
  const { db, clock } = services
  return [
    promiseWork({ db, bookkeeper, clock, nowOf }),
    caseWork({ db, bookkeeper, clock, nowOf, tenants: parts.tenants }),
    crmWork({ ...parts.crm, tenants: parts.tenants, log: services.log }),
    paymentWork({ ...parts.checkout, clock, log: services.log }),
    planWork({ db, clock, nowOf }),
    taskWork({ db, clock, nowOf }),
    journeyWork({ db, bookkeeper, clock, nowOf, actions: journeyActions, log: services.log }),
    overdueWork({ db, clock, nowOf, poke: (tenantId) => deliveries.poke(tenantId) }),
    reactionWork({ db, bookkeeper, clock, nowOf, log: services.log }),
    messagesOf(parts, transports),
  ]
}

/** Sends messages, each with a link that unsubscribes from them. */
function messagesOf(
  { services, sealer, nowOf, renderer }: Parts,
  transports: Transports,
): TimedWork {
  const { db, log, clock, config } = services
  const publicUrl = () => services.publicUrl()
  return messageWork({
    db,
    log,
    clock,
    nowOf,
    prepare: createPrepare({ renderer, publicUrl }),
    transports,
    mailFrom: config.messages.mailFrom,
    unsubscribeUrl: (tenantId, messageId) =>
      `${publicUrl()}/u/${unsubscribeToken(sealer, { tenantId, messageId })}`,
  })
}

/** Starts everything that happens without a request: events told, due work done, jobs run, old rows removed. */
export async function startWork(parts: Parts, ownerPool: pg.Pool): Promise<Work> {
  const { services, bookkeeper, sealer, tenants, stores, targets, nowOf } = parts
  const { db, log, clock, clocks } = services
  const sender = createSender({ targets })
  const { random } = Math
  const deliveries = startDeliveries({ db, log, clock, nowOf, sealer, sender, random })
  const subscribers = startSubscribers({
    db,
    log,
    nowOf,
    subscribers: subscribersOf(parts, deliveries),
  })
  const tasks = {
    [workOffTask]: (payload: unknown) => workOff({ services, bookkeeper, tenants }, payload),
  }
  const jobs = await startJobs({ ownerPool, concurrency: jobsAtOnce, log, now: clock, tasks })
  const resuming = startResuming(services)
  const maintenance = startMaintenance({ db, log, clock })
  const sweep = startSweep({ db, stores, log, clock, nowOf })
  const transports = openTransports(services.config.messages)
  const works = timedWorkOf(parts, { deliveries, transports })
  logTransports(services.config.messages, log)
  const timed = startTimedWork({ works, log })
  const tell = (tenantId: string) => subscribers.drainTenant(tenantId)
  const clocked = { works: [...works, deliveries.work], always: [deliveries.work] }
  return {
    eventsCame(tenantIds) {
      for (const tenantId of tenantIds) subscribers.poke(tenantId)
    },
    poke: (tenantId) => deliveries.poke(tenantId),
    advanceClock: (tenantId, input) =>
      timed.without(tenantId, () =>
        advanceClock({ db, clock, clocks, ...clocked, tell }, tenantId, input),
      ),
    async close() {
      maintenance.close()
      await sweep.close()
      await resuming.close()
      await timed.close()
      closeTransports(transports)
      await jobs.close()
      await subscribers.close()
      await deliveries.close()
    },
  }
}
