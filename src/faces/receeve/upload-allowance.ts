import { Refusal } from '../../platform/refusal.ts'

/** What one upload may hold in memory until it ends. */
export interface Allowance {
  /** Notes bytes that came; refuses what would be too much for now. */
  take(bytes: number): void
  /** Gives back all that was taken. */
  end(): void
}

export interface Allowances {
  of(tenantId: string): Allowance
}

/** Bounds the memory that all uploads together hold, and what one tenant may have of it. */
export function createAllowances(max: { all: number; tenant: number }): Allowances {
  const held = new Map<string, number>()
  let total = 0
  return {
    of(tenantId) {
      let own = 0
      return {
        take(bytes) {
          const tenants = (held.get(tenantId) ?? 0) + bytes
          if (tenants > max.tenant || total + bytes > max.all) {
            throw new Refusal('uploads_full', 'unavailable', 'Too much is being uploaded', 5)
          }
          held.set(tenantId, tenants)
          total += bytes
          own += bytes
        },
        end() {
          const left = (held.get(tenantId) ?? 0) - own
          if (left > 0) held.set(tenantId, left)
          else held.delete(tenantId)
          total -= own
          own = 0
        },
      }
    },
  }
}
