import pg from 'pg'
import { CompiledQuery } from 'kysely'
import type { Companion } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'

const divisionByZero = '22012'

/**
 * A statement that commits with the book only if it changes the row it is about: otherwise it fails, and the booking with
 * it. `change` is an insert or update that returns something.
 */
export function sureStatement(change: string, values: unknown[]): Companion {
  return { text: `with ${change} select 1 / count(*) from changed`, values }
}

/** Whether a `sureStatement` found its row otherwise than its writer saw it. */
export function isMissed(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === divisionByZero
}

/** Whether a constraint was in the way. */
export function violates(error: unknown, constraint: string): boolean {
  return error instanceof pg.DatabaseError && error.constraint === constraint
}

/** Runs what would commit with the book in an ordinary transaction. */
export async function runStatement(tx: Tx, { text, values }: Companion): Promise<void> {
  await tx.db.executeQuery(CompiledQuery.raw(text, values))
}
