import type pg from 'pg'

/**
 * Sends the commit behind the writes without waiting for them, and takes no answer but COMMIT for done. Answers how many
 * milliseconds the commit took: PostgreSQL begins it when it has answered the last write.
 */
export async function commitAll(
  client: pg.Client,
  writes: Promise<pg.QueryResult>[],
): Promise<number> {
  const commit = client.query('commit')
  const results = await Promise.allSettled(writes)
  const writtenAt = performance.now()
  const failed = results.find((result) => result.status === 'rejected')
  const done = await Promise.allSettled([commit])
  if (failed) throw failed.reason
  const [answer] = done
  if (answer?.status === 'rejected') throw answer.reason
  if (answer?.value.command !== 'COMMIT')
    throw new Error(`commit was answered by ${answer?.value.command}`)
  return performance.now() - writtenAt
}
