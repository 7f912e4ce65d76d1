import os from 'node:os'
import { socketPort } from './socket-directory.ts'

/** What PostgreSQL is started with; everything goes on the command line, above every file. */
export function serverSettings(
  socketDirectory: string,
  overrides: Readonly<Record<string, string>>,
): string[] {
  const settings = {
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    max_connections: '300',
    shared_buffers: `${sharedBuffersMegabytes(availableMemory())}MB`,
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    wal_compression: 'off',
    random_page_cost: '1.1',
    jit: 'off',
    autovacuum: 'on',
    // A new installation grows from nothing: until a table is analysed, plans for it are made blindly.
    autovacuum_naptime: '5s',
    log_min_messages: 'warning',
    ...overrides,
    // Not to be overridden: the cluster trusts whoever reaches it.
    listen_addresses: '',
    port: String(socketPort),
    unix_socket_permissions: '0700',
    // A list, so quoted: the path may hold commas.
    unix_socket_directories: `"${socketDirectory.replaceAll('"', '""')}"`,
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** A quarter of the memory, within 128 MB and 1 GB. */
export function sharedBuffersMegabytes(memoryBytes: number): number {
  const quarter = Math.floor(memoryBytes / 4 / 1024 / 1024)
  return Math.min(Math.max(quarter, 128), 1024)
}

// In a container the limit counts, not the machine; without a limit it reads 0 or immense.
function availableMemory(): number {
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem()
}
