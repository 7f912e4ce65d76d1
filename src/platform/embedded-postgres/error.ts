/** A reason why the embedded PostgreSQL cannot serve, worded for the person who can change it. */
export class EmbeddedPostgresError extends Error {
  override readonly name: string = 'EmbeddedPostgresError'
}

/** Another server of ours holds the data directory; it may let go of it. */
export class DataDirectoryTaken extends EmbeddedPostgresError {
  override readonly name = 'DataDirectoryTaken'
}

/** What to do where the embedded PostgreSQL cannot run at all. */
export const useYourOwnDatabase =
  'give the address of a PostgreSQL of your own with --database-url or DATABASE_URL.'
