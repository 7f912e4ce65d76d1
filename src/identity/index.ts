export { type BearerDeps, bearerTenant, rateOf, requireRate } from './bearer.ts'
export { createTenant, type CreatedTenant, crmcomKeyId, type NewTenant } from './create-tenant.ts'
export { doorSecretContext, isSecretOf, sha256 } from './credentials.ts'
export { changeTenant, viewTenant } from './settings.ts'
export { createTenantFinder, type Tenant, type TenantFinder } from './find-tenant.ts'
export {
  createTokenService,
  type AccessToken,
  type TokenOwner,
  type TokenService,
} from './tokens.ts'
