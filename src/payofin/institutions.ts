import { type RawBuilder, sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { refusePayofin } from './refusals.ts'
import type { Institution, InstitutionPatch, NewInstitution } from './schema.ts'

/** What an institution is where nobody says otherwise. */
export const institutionDefaults: Omit<Institution, 'sootCode' | 'name'> = {
  typeCode: 9,
  cityCode: null,
  description: '',
  fieldTitle: 'Abone No',
  fieldDescription: '',
  mask: '',
  subscriberKind: 'accountReference',
  portfolioReference: null,
  numberKind: 'any',
  isAdditionalRequired: false,
  isPartialAllowed: false,
  currency: 'TRY',
  commissionMinor: 0,
  profitMinor: 0,
  opensAt: null,
  closesAt: null,
  holidays: [],
  isActive: true,
}

const columns = sql`soot_code as "sootCode", name, type_code as "typeCode", city_code as "cityCode", description,
  field_title as "fieldTitle", field_description as "fieldDescription", mask, subscriber_kind as "subscriberKind",
  portfolio_reference as "portfolioReference", number_kind as "numberKind", is_additional_required as "isAdditionalRequired",
  is_partial_allowed as "isPartialAllowed", currency, commission_minor as "commissionMinor",
  profit_minor as "profitMinor", opens_at as "opensAt", closes_at as "closesAt", holidays, is_active as "isActive"`

const institutionsMax = 1_000

/** All institutions of a tenant, by their code. */
export async function listInstitutions({ tenantId, db }: Tx): Promise<Institution[]> {
  const { rows } = await sql<Institution>`
    select ${columns} from payofin_institution where tenant_id = ${tenantId} order by soot_code
    limit ${institutionsMax}`.execute(db)
  return rows
}

/** The institution of a code. */
export function findInstitution(tx: Tx, sootCode: number): Promise<Institution> {
  return readInstitution(tx, sootCode, sql``)
}

async function readInstitution(
  { tenantId, db }: Tx,
  sootCode: number,
  locking: RawBuilder<unknown>,
): Promise<Institution> {
  const { rows } = await sql<Institution>`
    select ${columns} from payofin_institution
    where tenant_id = ${tenantId} and soot_code = ${sootCode} ${locking}`.execute(db)
  const [found] = rows
  if (!found) throw refusePayofin('institution_wrong')
  return found
}

/** Adds an institution under a code of its own. */
export async function addInstitution(tx: Tx, input: NewInstitution): Promise<Institution> {
  const institution: Institution = { ...institutionDefaults, ...input }
  requireHours(institution)
  if (!(await insert(tx, institution))) throw refusePayofin('institution_exists')
  return institution
}

/** Both hours or none, and the first before the last: what the database insists on, too. */
function requireHours({ opensAt, closesAt }: Institution): void {
  const isAllDay = opensAt === null && closesAt === null
  const isPart = opensAt !== null && closesAt !== null && opensAt < closesAt
  if (!isAllDay && !isPart) throw refusePayofin('invalid_hours')
}

/** Changes what is named of an institution. */
export async function changeInstitution(
  tx: Tx,
  sootCode: number,
  patch: InstitutionPatch,
): Promise<Institution> {
  // Held, for all of it is written: what somebody else changes at this moment would be lost.
  const before = await readInstitution(tx, sootCode, sql`for no key update`)
  const institution = { ...before, ...patch }
  requireHours(institution)
  const i = institution
  await sql`
    update payofin_institution set name = ${i.name}, type_code = ${i.typeCode}, city_code = ${i.cityCode},
      description = ${i.description}, field_title = ${i.fieldTitle}, field_description = ${i.fieldDescription},
      mask = ${i.mask}, subscriber_kind = ${i.subscriberKind}, portfolio_reference = ${i.portfolioReference},
      number_kind = ${i.numberKind},
      is_additional_required = ${i.isAdditionalRequired}, is_partial_allowed = ${i.isPartialAllowed},
      currency = ${i.currency}, commission_minor = ${i.commissionMinor}, profit_minor = ${i.profitMinor},
      opens_at = ${i.opensAt}, closes_at = ${i.closesAt}, holidays = ${JSON.stringify(i.holidays)},
      is_active = ${i.isActive}
    where tenant_id = ${tx.tenantId} and soot_code = ${sootCode}`.execute(tx.db)
  return institution
}

/** Inserts an institution unless its code is taken; answers whether it did. */
export async function insert(tx: Tx, institution: Institution): Promise<boolean> {
  const i = institution
  const added = await sql`
    insert into payofin_institution (tenant_id, soot_code, name, type_code, city_code, description, field_title,
      field_description, mask, subscriber_kind, portfolio_reference, number_kind, is_additional_required, is_partial_allowed, currency,
      commission_minor, profit_minor, opens_at, closes_at, holidays, is_active, created_at)
    values (${tx.tenantId}, ${i.sootCode}, ${i.name}, ${i.typeCode}, ${i.cityCode}, ${i.description},
      ${i.fieldTitle}, ${i.fieldDescription}, ${i.mask}, ${i.subscriberKind}, ${i.portfolioReference}, ${i.numberKind},
      ${i.isAdditionalRequired}, ${i.isPartialAllowed}, ${i.currency}, ${i.commissionMinor}, ${i.profitMinor},
      ${i.opensAt}, ${i.closesAt}, ${JSON.stringify(i.holidays)}, ${i.isActive}, ${tx.now})
    on conflict (tenant_id, soot_code) do nothing`.execute(tx.db)
  return added.numAffectedRows === 1n
}
