import { pc } from './colours.ts'
import { createTokenService } from '../identity/index.ts'
import { loadConfig, processEnv, type Flags } from '../platform/config.ts'
import { openSealer } from '../platform/installation-sealer.ts'
import { withDatabase } from './database.ts'
import { printJson, printLine } from './output.ts'

export interface RotateKeysFlags extends Pick<Flags, 'dataDir' | 'databaseUrl'> {
  json?: boolean
}

/** Lets a new key sign access tokens; running servers take it up within a minute. */
export async function rotateKeys({ json, ...place }: RotateKeysFlags): Promise<void> {
  const config = loadConfig(processEnv(), place)
  const keyId = await withDatabase(config, async ({ db, ownerPool }) => {
    const sealer = await openSealer(config, ownerPool)
    const log = { info: () => {}, warn: () => {} }
    const deps = { db, sealer, issuer: config.issuer, now: () => new Date(), log }
    const tokens = await createTokenService(deps)
    const keyId = await tokens.rotateKeys()
    await tokens.close()
    return keyId
  })
  if (json === true) printJson({ keyId })
  else
    printLine(`${pc.green('✓')} ${keyId} signs from now on; the old key counts for 2 hours more.`)
}
