import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { RateLimiter } from './rate-limiter.ts'
import type { Reader } from './reader.ts'
import type { Sealer } from './sealer.ts'
import type { Tables } from './tables.ts'
import type { TenantClocks } from './tenant-clocks.ts'
import type { Telemetry } from './telemetry.ts'

/** What every face is given by the composition root. */
export interface Services {
  readonly config: Config
  readonly db: Kysely<Tables>
  readonly reader: Reader
  readonly sealer: Sealer
  readonly limiter: RateLimiter
  readonly telemetry: Telemetry
  readonly log: Logger
  /** The machine's time. */
  readonly clock: () => Date
  readonly clocks: TenantClocks
  /** Where people reach this server, without a slash at its end. */
  publicUrl(): string
}
