import { manualAgency, manualCollectorId } from '../../../cases/index.ts'
import { type Entity, long, map, shown } from '../entity.ts'

const collectors = `(
  select a.tenant_id, a.number as id, jsonb_build_object('en-US', a.name) as name,
    jsonb_build_object('en-US', 'Agency ' || a.name, 'de-DE', 'Inkassobüro ' || a.name) as description
  from agency a where a.name <> '${manualAgency}'
  union all
  select m.tenant_id, ${manualCollectorId}, '{"en-US":"Manual collection","de-DE":"Manuelles Inkasso"}'::jsonb,
    '{"en-US":"People collect by hand","de-DE":"Menschen ziehen von Hand ein"}'::jsonb
  from tenant m) t`

/** Who collects: the agencies of the tenant, and people who do it by hand. */
export const debtCollector: Entity = {
  name: 'DebtCollector',
  group: 'debt-collection',
  scope: 'account',
  v1: { path: '/debt-collector', verbs: ['all', 'read'] },
  v2: { path: '/debt-collection/collectors', verbs: ['list', 'get', 'search'] },
  fields: {
    id: shown(long, { column: 't.id' }),
    description: shown(map),
    name: shown(map),
  },
  store: { kind: 'table', table: 'agency', from: collectors },
}
