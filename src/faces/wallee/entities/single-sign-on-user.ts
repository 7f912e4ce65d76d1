import type { Call } from '../call.ts'
import { type Entity, long } from '../entity.ts'
import { personFields, primaryAccount, userFields } from './user-fields.ts'

/** A person whom an identity provider knows. */
export const singleSignOnUser: Entity = {
  name: 'SingleSignOnUser',
  group: 'users',
  scope: 'account',
  v2: {
    path: '/single-sign-on-users',
    verbs: ['list', 'get', 'search', 'create', 'update', 'delete'],
  },
  fields: {
    ...userFields,
    ...personFields,
    primaryAccount: primaryAccount('optional'),
    provider: { type: long, create: 'required' },
  },
  store: {
    kind: 'table',
    table: 'wallee_user',
    where: "t.user_type = 'SINGLE_SIGNON_USER'",
    deletes: 'state',
    atCreate: (call: Call) => ({
      user_type: 'SINGLE_SIGNON_USER',
      state: 'ACTIVE',
      primary_account: call.accountId,
      created_at: call.now,
    }),
  },
}
