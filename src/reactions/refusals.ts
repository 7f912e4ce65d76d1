import { defineRefusals } from '../platform/refusal.ts'

export const refuse = defineRefusals({
  reaction_not_found: { kind: 'not_found', message: 'There is no such reaction' },
  reaction_name_taken: { kind: 'conflict', message: 'Another reaction has this name' },
  reaction_invalid: { kind: 'invalid', message: 'The reaction cannot be kept' },
  reactions_too_many: { kind: 'conflict', message: 'There are as many reactions as there may be' },
})
