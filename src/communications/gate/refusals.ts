import { defineRefusals } from '../../platform/refusal.ts'

export const refuseRule = defineRefusals({
  send_rule_not_found: { kind: 'not_found', message: 'There is no such rule' },
  send_rule_built_in: {
    kind: 'conflict',
    message: 'This rule is built in; a rule of your own goes before it',
  },
  invalid_send_rule: { kind: 'invalid', message: 'This rule cannot be used' },
  too_many_send_rules: { kind: 'conflict', message: 'There are too many rules' },
})
