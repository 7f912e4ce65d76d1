import type { CoreTables } from './tables/core.ts'

/**
 * The tables as Kysely sees them, one file of `tables/` for each part of the product; migrations/ is the truth,
 * test/platform/schema.test.ts compares the two.
 */
export interface Tables extends CoreTables {}
