import net from 'node:net'
import path from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAccount } from '../../src/accounts/index.ts'
import { type Assembly, assemble } from '../../src/assemble.ts'
import { Bookkeeper, callContext, type Command } from '../../src/book/index.ts'
import type { Connection } from '../../src/platform/db.ts'
import { assertBooksBalance } from '../invariants.ts'
import { testConfig, type TestTenant, world } from '../world.ts'

/** Where the connection breaks: before the commit reaches the server, or when its answer is on the way back. */
type Break = 'commit' | 'answer'

interface Wire {
  /** The test's database, reached through the wire. */
  readonly connection: Connection
  /** Breaks the bookkeeper's connection at its next commit, once. */
  breakAt(place: Break): void
  close(): Promise<void>
}

/** How a client would reach the server of a connection; a host that is a directory holds its socket. */
function addressOf(connection: Connection): net.NetConnectOpts {
  const { host, port } =
    'connectionString' in connection ? partsOf(connection.connectionString) : connection
  return host.startsWith('/') ? { path: path.join(host, `.s.PGSQL.${port}`) } : { host, port }
}

function partsOf(connectionString: string): { host: string; port: number } {
  const url = new URL(connectionString)
  return {
    host: url.searchParams.get('host') ?? url.hostname,
    port: Number(url.port || 5_432),
  }
}

function through(connection: Connection, port: number): Connection {
  const host = '127.0.0.1'
  if (!('connectionString' in connection)) return { ...connection, host, port }
  const url = new URL(connection.connectionString)
  url.searchParams.delete('host')
  url.hostname = host
  url.port = String(port)
  return { connectionString: url.href }
}

/** A wire to PostgreSQL that passes every byte on, until it is told to break. */
async function openWire(connection: Connection): Promise<Wire> {
  let place: Break | undefined
  const open = new Set<net.Socket>()
  const server = net.createServer((client) => {
    const database = net.connect(addressOf(connection))
    let isBookkeeper = false
    const cut = (where: Break, bytes: Buffer, sign: string) => {
      if (place !== where || !isBookkeeper || !bytes.includes(sign)) return false
      place = undefined
      client.destroy()
      database.destroy()
      return true
    }
    client.on('data', (bytes) => {
      // The first packet of a session says whose it is.
      isBookkeeper ||= bytes.includes('quittance-bookkeeper')
      if (!cut('commit', bytes, 'commit\0')) database.write(bytes)
    })
    database.on('data', (bytes) => {
      if (!cut('answer', bytes, 'COMMIT\0')) client.write(bytes)
    })
    for (const [socket, other] of [
      [client, database],
      [database, client],
    ] as const) {
      open.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    connection: through(connection, (server.address() as net.AddressInfo).port),
    breakAt: (where) => (place = where),
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const it = world()
let wire: Wire
let bookkeeper: Bookkeeper
let second: Assembly
let bugs: unknown[]

beforeAll(async () => {
  wire = await openWire(it.database.connection)
  bookkeeper = new Bookkeeper({
    connection: wire.connection,
    lanes: 1,
    queueMax: 10,
    nowOf: () => it.now,
    onBug: (error) => bugs.push(error),
  })
  second = await assemble({
    connection: wire.connection,
    config: testConfig({ workers: false }),
    log: pino({ level: 'silent' }),
    clock: () => new Date(it.now),
  })
})
afterAll(async () => {
  await bookkeeper.close()
  await second.close()
  await wire.close()
  await assertBooksBalance(it.database.ownerPool)
})
beforeEach(() => {
  bugs = []
})

/** The accounts of a tenant, each as often as it was opened. */
async function accountsOf({ tenantId }: TestTenant): Promise<string[]> {
  const { rows } = await it.database.ownerPool.query<{ reference: string }>(
    'select reference from quittance.account where tenant_id = $1 order by reference',
    [tenantId],
  )
  return rows.map(({ reference }) => reference)
}

function opening({ tenantId }: TestTenant, reference: string): Command {
  const tenant = { tenantId, timeZone: 'Europe/Berlin', settings: {} }
  return createAccount(callContext(tenant, { originator: 'test' }), { reference, currency: 'EUR' })
}

const places: [string, Break, boolean][] = [
  ['before the commit arrives', 'commit', false],
  ['before the answer to the commit arrives', 'answer', true],
]

describe.each(places)('when the connection breaks %s', (_what, place, isBooked) => {
  const names = ['A', 'B', 'C']

  test('no request of the batch is tried again, and each is told that nobody knows', async () => {
    const tenant = await it.tenant()
    const openAll = () =>
      Promise.allSettled(names.map((reference) => bookkeeper.submit(opening(tenant, reference))))
    wire.breakAt(place)
    const unknown = expect.objectContaining({ name: 'OutcomeUnknown', code: 'outcome_unknown' })
    const lost = { status: 'rejected', reason: unknown }
    expect(await openAll()).toEqual([lost, lost, lost])
    expect(bugs).toEqual([unknown])
    expect(await accountsOf(tenant)).toEqual(isBooked ? names : [])
    // What was booked is refused and what was not is done: either way it is there once.
    const refused = { refusal: expect.objectContaining({ code: 'account_exists' }) }
    const value = isBooked ? refused : { result: undefined }
    const done = { status: 'fulfilled', value }
    expect(await openAll()).toEqual([done, done, done])
    expect(await accountsOf(tenant)).toEqual(names)
  })

  test('a group that came apart says of each command what became of it', async () => {
    const tenant = await it.tenant()
    const broken: Command = {
      ...opening(tenant, 'bug'),
      decide: () => {
        throw new Error('a bug')
      },
    }
    const last = opening(tenant, 'B')
    // Decided only when the group has come apart at the bug.
    const breaking: Command = {
      ...last,
      decide(desk) {
        wire.breakAt(place)
        last.decide(desk)
      },
    }
    const outcomes = await bookkeeper.submitGroup([
      broken,
      opening(tenant, 'A'),
      breaking,
      opening(tenant, 'C'),
    ])
    const refusal = (code: string) => ({ refusal: expect.objectContaining({ code }) })
    expect(outcomes).toEqual([
      refusal('internal'),
      { result: undefined },
      refusal('outcome_unknown'),
      refusal('database_unavailable'),
    ])
    expect(await accountsOf(tenant)).toEqual(isBooked ? ['A', 'B'] : ['A'])
    expect(bugs).toMatchObject([{ message: 'a bug' }, { code: 'outcome_unknown' }])
  })

  test('a caller is answered 503 and may ask again', async () => {
    const tenant = await it.tenant()
    wire.breakAt(place)
    const send = async () => {
      const response = await second.app.inject({
        method: 'POST',
        url: `/v1/${tenant.tenantId}/create_accounts`,
        headers: { authorization: `Bearer ${tenant.token}` },
        payload: { A: { currency: 'EUR' } },
      })
      return { status: response.statusCode, headers: response.headers, body: response.json() }
    }
    expect(await send()).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { success: false, message: expect.stringContaining('broke during the commit') },
    })
    expect(await accountsOf(tenant)).toEqual(isBooked ? ['A'] : [])
    expect(await send()).toMatchObject({ status: 200, body: { A: { success: !isBooked } } })
    expect(await accountsOf(tenant)).toEqual(['A'])
  })
})
