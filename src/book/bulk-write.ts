import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Json } from './model.ts'
import { queryOf, type Write } from './write.ts'

/**
 * COPY refuses tables under row-level security, so what is copied is written as their owner, in the transaction that
 * loaded and decided as the application role. Measured: an import books a quarter more rows in the same time.
 */
export async function mayCopy(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    `select pg_has_role(session_user, relowner, 'usage') as may from pg_class where oid = 'entry'::regclass`,
  )
  return rows[0]?.may === true
}

const asOwner = 'set local role none'

/** Writes a large batch as the owner of the tables. */
export async function writeInBulk(client: pg.Client, writes: readonly Write[]): Promise<void> {
  await client.query(asOwner)
  // A connection that pipelines refuses to copy. Nothing else is on its way here.
  Object.assign(client, { pipeline: false })
  try {
    for (const write of writes) await runBulkWrite(client, write)
  } finally {
    Object.assign(client, { pipeline: true })
  }
}

// `insert into entry (tenant_id, …) select r.* from …`: what such a statement inserts can be copied as well. One that
// updates on conflict cannot.
const plainInsert =
  /^\s*insert into (?<table>\w+) \((?<columns>[^)]+)\)\s*select r\.\*(?!.*on conflict)/s

/** Runs one write of a large batch, by COPY where it only inserts. The transaction has begun and acts as the owner. */
async function runBulkWrite(client: pg.Client, write: Write): Promise<void> {
  const { table, columns } = plainInsert.exec(write.statement.text)?.groups ?? {}
  if (table === undefined || columns === undefined) return void (await client.query(queryOf(write)))
  const names = columns.split(',').map((name) => name.trim())
  const target = client.query(copyFrom(`copy ${table} (${names.join(', ')}) from stdin`))
  await pipeline(Readable.from(chunksOf(write.rows, names)), target)
}

const rowsPerChunk = 200

function* chunksOf(rows: readonly Json[], names: readonly string[]): Generator<string> {
  for (let start = 0; start < rows.length; start += rowsPerChunk) {
    let chunk = ''
    for (const row of rows.slice(start, start + rowsPerChunk)) chunk += lineOf(row, names)
    yield chunk
  }
}

function lineOf(row: Json, names: readonly string[]): string {
  let line = ''
  for (const name of names) line += `${line === '' ? '' : '\t'}${textOf(row[name])}`
  return `${line}\n`
}

// oxlint-disable-next-line no-control-regex -- these end a field or a row in the text format of COPY
const special = /[\\\t\n\r]/
const escapes: Readonly<Record<string, string>> = {
  '\\': String.raw`\\`,
  '\t': String.raw`\t`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return String.raw`\N`
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value instanceof Date) return value.toISOString()
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return special.test(text) ? text.replaceAll(/[\\\t\n\r]/g, (found) => escapes[found] ?? '') : text
}
