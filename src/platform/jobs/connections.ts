import { Client, Pool, type ClientConfig, type PoolClient } from 'pg'

/** How `pool` reaches its database, without its size and its parsers. */
function settingsOf(pool: Pool): ClientConfig {
  // The pool hides its password from being copied along.
  return { ...pool.options, password: pool.options.password, types: undefined, keepAlive: true }
}

/** Opens a connection of our own to the database of `pool`; a statement or attempt that hangs is given up. */
export async function openClient(
  pool: Pool,
  options: { name: string; timeoutMs?: number },
): Promise<Client> {
  const { name, timeoutMs } = options
  const timeouts =
    timeoutMs === undefined ? {} : { query_timeout: timeoutMs, connectionTimeoutMillis: timeoutMs }
  const client = new Client({ ...settingsOf(pool), ...timeouts, application_name: name })
  // Without a listener, a connection that breaks would end the process; its next query says it too.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

type ConnectCallback = Parameters<typeof Pool.prototype.connect>[0]

/** Says what to wait for before the database may be used; undefined when it may be at once. */
type Gate = () => Promise<void> | undefined

/** A pool to the database of another pool, that lends a connection only while its gate is open. */
export class GatedPool extends Pool {
  readonly #gate: Gate

  constructor(pool: Pool, options: { name: string; max: number; gate?: Gate }) {
    super({ ...settingsOf(pool), max: options.max, application_name: options.name })
    this.#gate = options.gate ?? (() => undefined)
    this.on('error', () => undefined)
    this.on('connect', (client) => client.on('error', () => undefined))
  }

  override connect(): Promise<PoolClient>
  override connect(callback: ConnectCallback): void
  override connect(callback?: ConnectCallback): Promise<PoolClient> | void {
    const opening = this.#gate()
    if (callback === undefined) {
      return opening === undefined ? super.connect() : opening.then(() => this.connect())
    }
    if (opening === undefined) return super.connect(callback)
    const again = () => this.connect(callback)
    void opening.then(again)
  }
}
