import { defineRefusals } from '../platform/refusal.ts'

export const refuse = defineRefusals({
  tenant_name_unusable: {
    kind: 'invalid',
    message: 'A tenant is named by 1 to 200 characters',
  },
  iban_invalid: { kind: 'invalid', message: 'The IBAN is wrong' },
  time_zone_unknown: { kind: 'invalid', message: 'There is no such time zone' },
})
