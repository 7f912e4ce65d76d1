import prom from 'prom-client'

/** What this process measures; served at /metrics. */
export interface Telemetry {
  requestSeen(request: { method: string; route: string; status: number; seconds: number }): void
  batchSeen(batch: {
    commands: number
    waitMs: number
    durationMs: number
    commitsMs: readonly number[]
  }): void
  watchQueue(depth: () => number): void
  text(): Promise<string>
  readonly contentType: string
}

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/** Metrics in a registry of their own, so that two servers in one process do not share them. */
export function createTelemetry(): Telemetry {
  const registry = new prom.Registry()
  prom.collectDefaultMetrics({ register: registry, prefix: 'quittance_' })
  const registers = [registry]
  const requests = new prom.Histogram({
    name: 'quittance_http_request_seconds',
    help: 'Time from request to answer, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: secondsBuckets,
    registers,
  })
  const batchSize = new prom.Histogram({
    name: 'quittance_bookkeeper_batch_commands',
    help: 'Commands that one transaction of the bookkeeper decided',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 1000],
    registers,
  })
  const batchSeconds = new prom.Histogram({
    name: 'quittance_bookkeeper_batch_seconds',
    help: 'Time to load, decide, write and commit one batch',
    buckets: secondsBuckets,
    registers,
  })
  const commitSeconds = new prom.Histogram({
    name: 'quittance_bookkeeper_commit_seconds',
    help: 'Time of the commit alone, from the answer of the last write to its own',
    buckets: secondsBuckets,
    registers,
  })
  const waitSeconds = new prom.Histogram({
    name: 'quittance_bookkeeper_wait_seconds',
    help: 'Longest time that a command of a batch had waited',
    buckets: secondsBuckets,
    registers,
  })
  return {
    contentType: registry.contentType,
    requestSeen: ({ method, route, status, seconds }) =>
      requests.observe({ method, route, status: String(status) }, seconds),
    batchSeen({ commands, waitMs, durationMs, commitsMs }) {
      batchSize.observe(commands)
      batchSeconds.observe(durationMs / 1_000)
      for (const commitMs of commitsMs) commitSeconds.observe(commitMs / 1_000)
      waitSeconds.observe(waitMs / 1_000)
    },
    watchQueue(depth) {
      const gauge: prom.Gauge = new prom.Gauge({
        name: 'quittance_bookkeeper_queue_commands',
        help: 'Commands that wait for a lane of the bookkeeper',
        registers,
        collect(): void {
          gauge.set(depth())
        },
      })
    },
    text: () => registry.metrics(),
  }
}
