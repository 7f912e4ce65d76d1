import type pg from 'pg'

/** The major versions of PostgreSQL that every change is tested to work on. */
export const supportedVersions = { least: 15, most: 18 } as const

interface ServerVersion {
  /** As the server says it: `17.2 (Debian 17.2-1)`. */
  readonly text: string
  readonly isSupported: boolean
}

/** Asks the server what it is. */
export async function serverVersion(
  database: Pick<pg.ClientBase, 'query'>,
): Promise<ServerVersion> {
  const { rows } = await database.query<{ server_version: string }>('show server_version')
  const text = rows[0]?.server_version ?? ''
  // A beta is `18beta1`, and what came before PostgreSQL 10 was `9.6.24`.
  const major = Number.parseInt(text, 10)
  const isSupported = major >= supportedVersions.least && major <= supportedVersions.most
  return { text, isSupported }
}
