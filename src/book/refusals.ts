import { defineRefusals } from '../platform/refusal.ts'

/**
 * What the book says no to. The Receeve face turns each into its code (D-13); the messages are our own words but for the
 * ones that the contract publishes.
 */
export const refuse = defineRefusals({
  invalid_input: { kind: 'invalid', message: 'Invalid input' },
  amount_out_of_range: {
    kind: 'invalid',
    message: 'The amount would grow beyond what can be kept exactly',
  },
  currency_mismatch: { kind: 'invalid', message: 'Currency does not match' },
  account_exists: { kind: 'conflict', message: 'Account already exists in the system' },
  claim_exists: { kind: 'conflict', message: 'Claim already exists in the system' },
  debtor_exists: { kind: 'conflict', message: 'Debtor already exists in the account' },
  product_exists: { kind: 'conflict', message: 'Product already exists in the account' },
  claim_not_found: { kind: 'not_found', message: 'Claim not found' },
  account_not_found: { kind: 'not_found', message: 'Account not found' },
  debtor_not_found: { kind: 'not_found', message: 'Debtor not found' },
  product_not_found: { kind: 'not_found', message: 'Product not found' },
  entry_exists: { kind: 'conflict', message: 'Already defined ledger entry' },
  entry_not_found: { kind: 'not_found', message: 'Ledger entry not found' },
  claim_is_managed: { kind: 'conflict', message: 'Claim is managed by the ledger' },
  claim_not_deleted: { kind: 'conflict', message: 'Claim is not deleted' },
  claim_deleted: { kind: 'conflict', message: 'Claim is deleted' },
  claim_not_active: { kind: 'conflict', message: 'Claim is not active' },
  wrong_direction: { kind: 'invalid', message: 'Amount direction does not fit the reason' },
})
