import type { Call } from '../call.ts'
import { boolean, type Entity, shown, text, writable } from '../entity.ts'
import { personFields, primaryAccount, userFields } from './user-fields.ts'

/** A person who works with the platform; people sign in elsewhere, here is what they may do. */
export const humanUser: Entity = {
  name: 'HumanUser',
  group: 'users',
  scope: 'account',
  v1: {
    path: '/human-user',
    verbs: ['create', 'read', 'update', 'delete', 'search', 'count', 'export'],
  },
  v2: {
    path: '/human-users',
    verbs: ['list', 'get', 'search', 'create', 'update', 'delete', 'export'],
  },
  fields: {
    ...userFields,
    ...personFields,
    emailAddress: writable(text(128, { format: 'email' })),
    emailAddressVerified: shown(boolean, { column: 'false' }),
    mobilePhoneNumber: writable(text(30)),
    mobilePhoneVerified: shown(boolean, { column: 'false' }),
    primaryAccount: primaryAccount('optional'),
    twoFactorEnabled: writable(boolean),
  },
  store: {
    kind: 'table',
    table: 'wallee_user',
    where: "t.user_type = 'HUMAN_USER'",
    deletes: 'state',
    atCreate: (call: Call) => ({
      user_type: 'HUMAN_USER',
      state: 'ACTIVE',
      primary_account: call.accountId,
      created_at: call.now,
    }),
  },
}
