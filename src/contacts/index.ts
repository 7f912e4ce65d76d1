export { requireContact } from './find-contact.ts'
export { lockContacts } from './lock-contacts.ts'
export {
  type PreferenceSaid,
  preferencesOf,
  preferencesOfMany,
  setPreference,
} from './set-preference.ts'
export {
  addressKey,
  listSuppressed,
  releaseAddress,
  suppressAddress,
  suppressedAmong,
  type Suppression,
} from './suppress-address.ts'
