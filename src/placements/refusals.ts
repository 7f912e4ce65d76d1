import { defineRefusals } from '../platform/refusal.ts'

/** Every expected no of placements; what the book refuses is the book's. */
export const refuse = defineRefusals({
  agency_not_found: { kind: 'not_found', message: 'There is no such agency' },
  agency_exists: { kind: 'conflict', message: 'An agency of this name exists' },
  agency_in_use: { kind: 'conflict', message: 'Claims were placed with this agency' },
  agency_inactive: { kind: 'conflict', message: 'This agency takes no claims any more' },
  placed_elsewhere: { kind: 'conflict', message: 'The claim is with another agency' },
  not_placed: { kind: 'conflict', message: 'The claim is with no agency' },
  placement_not_found: { kind: 'not_found', message: 'The claim was never with an agency' },
  invalid_list: { kind: 'invalid', message: 'The list cannot be read' },
  invalid_cursor: { kind: 'invalid', message: 'This cursor was not given by us' },
})
