import pg from 'pg'
import { asApplication, type Connection, tenantsSetting } from './db.ts'
import { Refusal } from './refusal.ts'
import { sendTogether } from './send-together.ts'

export interface ReadQuery {
  /** Prepared once per connection under this name. */
  readonly name: string
  readonly text: string
  readonly values: unknown[]
}

export interface Reader {
  /** Runs one read for one tenant, under row-level security. */
  read<R extends pg.QueryResultRow>(tenantId: string, query: ReadQuery): Promise<R[]>
  close(): Promise<void>
}

/**
 * Reads over a few pipelined connections: a transaction of its own for each read, sent whole in one round trip, so reads
 * of many requests share a connection without waiting for each other's answers.
 */
export function createReader(connection: Connection, size: number): Reader {
  const slots = new Map<number, Promise<pg.Client>>()
  let turn = 0

  async function connect(slot: number): Promise<pg.Client> {
    const client = new pg.Client({
      ...asApplication(connection),
      application_name: 'quittance-reader',
      pipeline: true,
    })
    const forget = () => slots.delete(slot)
    client.on('error', forget)
    client.on('end', forget)
    try {
      await client.connect()
      return client
    } catch (error) {
      forget()
      void client.end().catch(() => undefined)
      throw error
    }
  }

  function clientOfTurn(): Promise<pg.Client> {
    turn = (turn + 1) % size
    const known = slots.get(turn)
    if (known) return known
    const client = connect(turn)
    slots.set(turn, client)
    return client
  }

  return {
    async read<R extends pg.QueryResultRow>(tenantId: string, query: ReadQuery): Promise<R[]> {
      const client = await clientOfTurn().catch(() => {
        throw unreachable()
      })
      // The four are queued in one go, so no other read comes between them. Were `begin` to fail, the setting would end
      // with its own statement and the query would see nothing.
      sendTogether(client)
      const sent = [
        client.query('begin read only'),
        client.query({
          name: 'tenants',
          text: 'select set_config($1, $2, true)',
          values: [tenantsSetting, `{${tenantId}}`],
        }),
        client.query<R>(query),
        client.query('commit'),
      ]
      const [, , answer] = await settled(sent)
      return (answer as pg.QueryResult<R>).rows
    },
    async close() {
      const open = await Promise.allSettled(slots.values())
      const clients = open.flatMap((slot) => (slot.status === 'fulfilled' ? [slot.value] : []))
      await Promise.allSettled(clients.map((client) => client.end()))
    },
  }
}

const unreachable = () =>
  new Refusal('database_unavailable', 'unavailable', 'The database cannot be reached', 1)

async function settled(sent: Promise<pg.QueryResult>[]): Promise<pg.QueryResult[]> {
  const results = await Promise.allSettled(sent)
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
