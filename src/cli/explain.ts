import { pc } from './colours.ts'
import { ConfigError } from '../platform/config.ts'
import { EmbeddedPostgresError } from '../platform/embedded-postgres/index.ts'
import { MigrationError } from '../platform/migrate.ts'
import { Refusal } from '../platform/refusal.ts'
import { SealError } from '../platform/sealer.ts'

const expected = [ConfigError, EmbeddedPostgresError, MigrationError, Refusal, SealError]

const connectionCalls = new Set<unknown>(['connect', 'getaddrinfo', 'read'])
// PostgreSQL's classes for: connection, who are you, no such database, not taking connections.
const connectionStates = /^(08|28|3D|53300|57P0)/

/** What went wrong, in words for the person at the terminal; a bug comes with its trace. */
export function explain(error: unknown): string {
  const failure = pc.red('Failed:')
  if (!(error instanceof Error)) return `${failure} ${String(error)}`
  if (expected.some((kind) => error instanceof kind)) return `${failure} ${error.message}`
  if (isListenFailure(error)) return `${failure} ${whyNotListening(error)}`
  if (isConnectionFailure(error))
    return `${failure} The database cannot be reached: ${reasonOf(error)}`
  return `${failure} ${error.stack ?? error.message}`
}

interface ListenFailure extends Error {
  readonly code: string
  readonly address?: string
  readonly port?: number
}

const isListenFailure = (error: Error): error is ListenFailure =>
  'syscall' in error && error.syscall === 'listen' && 'code' in error

function whyNotListening({ code, message, address, port }: ListenFailure): string {
  const other = 'Choose another with --port or QUITTANCE_PORT; 0 picks a free one.'
  if (code === 'EADDRINUSE') return `Something else listens at ${address}:${port}. ${other}`
  if (code === 'EACCES') return `This user may not listen at ${address}:${port}. ${other}`
  return `The server cannot listen: ${message}`
}

function isConnectionFailure(error: Error): boolean {
  if ('syscall' in error) return connectionCalls.has(error.syscall)
  if (!('code' in error) || typeof error.code !== 'string') return false
  return error instanceof AggregateError || connectionStates.test(error.code)
}

// A host with several addresses fails once for each, and then says nothing of its own.
function reasonOf(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message
  return error.errors
    .map((each) => (each instanceof Error ? each.message : String(each)))
    .join('; ')
}
