import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Entity, fieldsIn } from '../../../src/faces/wallee/entity.ts'
import { operators } from '../../../src/faces/wallee/filter.ts'
import { entities } from '../../../src/faces/wallee/registry.ts'
import { world } from '../../world.ts'
import { type Json, make } from './doors.ts'
import { samples } from './samples.ts'
import { client, type Client } from './sign.ts'

const it = world()
const runs = Number(process.env.FUZZ_RUNS ?? 40)
const seed = Number(process.env.FUZZ_SEED ?? 20_260_310)
const canary = 'canary-of-another-tenant'
const bytesMax = 4 * 1024 * 1024

let us: Client
beforeAll(async () => {
  us = client(it, await it.tenant())
  const others = client(it, await it.tenant())
  await others.v2('POST', '/customers', { familyName: canary, customerId: canary })
  await us.v2('POST', '/customers', { familyName: "O'Brien; --", metaData: { 'a.b': '%_"\\' } })
})

const hostile = fc.constantFrom(
  "' or '1'='1",
  "'; drop table quittance.debtor; --",
  '" or 1=1 --',
  '\\',
  '%',
  '_',
  '$1',
  '${x}',
  '{}',
  '[]',
  'null',
  '\u0000',
  '\ud800',
  '-1',
  '9223372036854775808',
  '1e400',
  'NaN',
  '2026-02-30',
  'infinity',
  canary,
  'x'.repeat(5_000),
)

const value = fc.oneof(
  hostile,
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constant(null),
  fc.constant({ a: 1 }),
)

/** Names of fields as callers know them, and what is none. */
const fieldOf = (entity: Entity, version: 1 | 2) => {
  const names = fieldsIn(entity.fields, version).map(([name]) => name)
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...names) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(...names), fc.oneof(fc.constantFrom('id', 'city', 'a.b'), hostile))
        .map(([first, second]) => `${first}.${second}`),
    },
    {
      weight: 1,
      arbitrary: fc.oneof(hostile, fc.constantFrom('tenant_id', '__proto__', 'constructor', '')),
    },
  )
}

/** A value of a field's own type, and an operator that goes with it: what a sensible caller asks. */
function sensibleOf(entity: Entity, version: 1 | 2): fc.Arbitrary<Asked> {
  const fields = fieldsIn(entity.fields, version).filter(
    ([, field]) => field.filter !== false && !field.isHidden,
  )
  const equal = ['EQUALS', 'NOT_EQUALS', 'IS_NULL', 'IS_NOT_NULL']
  const ordered = [...equal, 'GREATER_THAN', 'LESS_THAN_OR_EQUAL']
  const asked = (name: string, words: readonly string[], given: fc.Arbitrary<unknown>) =>
    fc.record({ name: fc.constant(name), operator: fc.constantFrom(...words), value: given })
  const texts = fc.oneof(
    fc.string({ maxLength: 40 }),
    hostile.filter((text) => !text.includes('\u0000')),
  )
  return fc.constantFrom(...fields).chain(([name, { type }]) => {
    switch (type.kind) {
      case 'text':
        return asked(name, [...ordered, 'CONTAINS', 'EQUALS_IGNORE_CASE'], texts)
      case 'enum':
        return asked(name, [...equal, 'CONTAINS'], fc.constantFrom(...type.values))
      case 'long':
      case 'integer':
        return asked(name, ordered, fc.integer())
      case 'decimal':
        return asked(name, ordered, fc.integer({ min: -1e6, max: 1e6 }))
      case 'date':
      case 'dateTime':
        return asked(name, ordered, fc.constantFrom('2026-03-10', '2026-03-10T12:00:00.000Z'))
      case 'boolean':
        return asked(name, equal, fc.boolean())
      case 'reference':
        return type.isList
          ? asked(name, ['IS_NULL'], fc.constant(1))
          : asked(`${name}.id`, ordered, fc.integer())
      case 'map':
        return asked(`${name}.key`, [...ordered, 'CONTAINS'], texts)
      case 'texts':
      case 'longs':
      case 'object':
      case 'list':
      case 'json':
        return asked(name, ['IS_NULL', 'IS_NOT_NULL'], fc.constant(1))
    }
  })
}

interface Asked {
  name: string
  operator: string
  value: unknown
}

const filterOf = (entity: Entity): fc.Arbitrary<unknown> =>
  fc.letrec<{ filter: unknown; leaf: unknown; group: unknown }>((tie) => ({
    filter: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('leaf'), tie('group')),
    leaf: fc.oneof(
      {
        weight: 12,
        arbitrary: sensibleOf(entity, 1).map(({ name, ...rest }) => ({
          type: 'LEAF',
          fieldName: name,
          ...rest,
        })),
      },
      { weight: 1, arbitrary: wildLeafOf(entity) },
    ),
    group: fc.record({
      type: fc.constantFrom('AND', 'OR'),
      children: fc.array(tie('filter'), { minLength: 1, maxLength: 4 }),
    }),
  })).filter

const wildLeafOf = (entity: Entity) =>
  fc.record(
    {
      type: fc.constantFrom('LEAF', 'LEAF', 'LEAF', 'TWIG'),
      fieldName: fieldOf(entity, 1),
      operator: fc.constantFrom(...operators, 'LIKE'),
      value,
    },
    { requiredKeys: ['type', 'fieldName', 'operator'] },
  )

const mostly = (common: fc.Arbitrary<unknown>, rare: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 9, arbitrary: common }, { weight: 1, arbitrary: rare })

const queryOf = (entity: Entity) =>
  fc.record(
    {
      filter: filterOf(entity),
      numberOfEntities: mostly(fc.integer({ min: 1, max: 100 }), value),
      startingEntity: mostly(fc.nat(50), value),
      orderBys: mostly(
        fc.constant([{ fieldName: 'id', sorting: 'DESC' }] as unknown[]),
        fc.array(
          fc.record({
            fieldName: fieldOf(entity, 1),
            sorting: fc.constantFrom('ASC', 'DESC', 'x'),
          }),
          { maxLength: 7 },
        ),
      ),
      language: fc.oneof(fc.constantFrom('de-CH', 'en'), hostile),
    },
    { requiredKeys: ['filter'] },
  )

const quoted = (text: unknown) => `"${String(text).replaceAll(/["\\]/g, String.raw`\$&`)}"`

/** Search texts by the grammar, with hostile values, and a few that are none. */
const searchOf = (entity: Entity): fc.Arbitrary<string> => {
  const term = fc
    .tuple(
      fc.constantFrom('', '', '-'),
      fieldOf(entity, 2),
      fc.constantFrom('', '~', '>', '>=', '<', '<='),
      fc.oneof(value.map(quoted), fc.constant('*'), value.map(String)),
    )
    .map((parts) => `${parts[0]}${parts[1]}:${parts[2]}${parts[3]}`)
  const signs: Record<string, string> = {
    EQUALS: '',
    CONTAINS: '~',
    GREATER_THAN: '>',
    LESS_THAN_OR_EQUAL: '<=',
  }
  const sensible = sensibleOf(entity, 2).map(({ name, operator, value: given }) => {
    if (operator === 'IS_NULL') return `${name}:*`
    return operator.endsWith('NULL')
      ? `-${name}:*`
      : `${name}:${signs[operator] ?? ''}${quoted(given)}`
  })
  const part = fc.oneof({ weight: 12, arbitrary: sensible }, { weight: 1, arbitrary: term })
  const joined = fc
    .tuple(part, fc.array(fc.tuple(fc.constantFrom(' ', ' AND ', ' OR '), part), { maxLength: 5 }))
    .map(([first, rest]) => first + rest.map((parts) => parts.join('')).join(''))
  const nested = fc.tuple(joined, joined).map(([a, b]) => `(${a}) OR -(${b} AND (${a}))`)
  return fc.oneof(
    { weight: 5, arbitrary: joined },
    { weight: 3, arbitrary: nested },
    { weight: 1, arbitrary: hostile },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  )
}

const orderOf = (entity: Entity) =>
  fc.oneof(
    fc.constantFrom('id', 'id:DESC', ''),
    fieldOf(entity, 2),
    fieldOf(entity, 2).map((name) => `${name}:DESC`),
    fc.array(fieldOf(entity, 2), { maxLength: 7 }).map((names) => names.join(',')),
    hostile,
  )

const holding = (property: fc.IAsyncProperty<any>) =>
  fc.assert(property, { seed, numRuns: runs, endOnFailure: true })

const seen = { first: { accepted: 0, refused: 0 }, second: { accepted: 0, refused: 0 } }

/** Whatever was asked, the answer is a page of our own or a clear no, and of a bounded size. */
function requireDecent(answer: { status: number; body: unknown }, expected: readonly number[]) {
  const text = JSON.stringify(answer.body) ?? ''
  expect(expected, text.slice(0, 500)).toContain(answer.status)
  expect(text.length).toBeLessThan(bytesMax)
  if (answer.status === 200) expect(text).not.toContain(`"${canary}"`)
}

const served = entities.filter(({ v1, v2 }) => v1?.verbs.length || v2?.verbs.length)
const inFirst = served.filter(({ v1 }) => v1?.verbs.includes('search'))
const inSecond = served.filter(({ v2 }) => v2?.verbs.includes('search'))

describe.each(inFirst.map((entity) => [entity.name, entity] as const))('%s', (_name, entity) => {
  test('is searched and counted through version 1 with any filter, without breaking', async () => {
    const path = entity.v1!.path
    if (samples[entity.name]) await make(us, entity)
    await holding(
      fc.asyncProperty(queryOf(entity), async (query) => {
        const answer = await us.v1('POST', `${path}/search`, query)
        requireDecent(answer, [200, 442])
        seen.first[answer.status === 200 ? 'accepted' : 'refused'] += 1
        if (answer.status === 200) {
          const most = typeof query.numberOfEntities === 'number' ? query.numberOfEntities : 10
          expect((answer.body as Json[]).length).toBeLessThanOrEqual(most)
        }
        if (entity.v1!.verbs.includes('count')) {
          const counted = await us.v1('POST', `${path}/count`, query.filter)
          requireDecent(counted, [200, 442])
          if (counted.status === 200) expect(counted.body).toBeGreaterThanOrEqual(0)
        }
      }),
    )
  })
})

describe.each(inSecond.map((entity) => [entity.name, entity] as const))('%s', (_name, entity) => {
  test('is searched through version 2 with any text, without breaking', async () => {
    const { path, parent } = entity.v2!
    const object = samples[entity.name] ? await make(us, entity) : {}
    const below = parent
      ? path.replace(`{${parent.param}}`, String(samples[entity.name]!.parent!(object)))
      : path
    const asked = fc.record({
      query: searchOf(entity),
      order: fc.option(orderOf(entity), { nil: undefined }),
      limit: fc.option(mostly(fc.integer({ min: 1, max: 100 }).map(String), hostile), {
        nil: undefined,
      }),
      expand: fc.option(fieldOf(entity, 2), { nil: undefined }),
    })
    await holding(
      fc.asyncProperty(asked, async ({ query, ...more }) => {
        const pairs = Object.entries({ query, ...more }).filter(([, text]) => text !== undefined)
        const params = new URLSearchParams(pairs as [string, string][])
        const answer = await us.v2('GET', `${below}/search?${params}`)
        requireDecent(answer, [200, 400])
        seen.second[answer.status === 200 ? 'accepted' : 'refused'] += 1
        if (answer.status === 200) {
          const { data, limit } = answer.body
          expect(data.length).toBeLessThanOrEqual(limit)
        }
      }),
    )
  })
})

test('a search that does not come to an end is ended, and says so', async () => {
  const holder = await it.database.ownerPool.connect()
  try {
    await holder.query('begin; lock table quittance.debtor in access exclusive mode')
    const leaf = { type: 'LEAF', fieldName: 'familyName', operator: 'CONTAINS', value: 'x' }
    const [first, second] = await Promise.all([
      us.v1('POST', '/customer/search', { filter: leaf }),
      us.v2('GET', '/customers/search?query=familyName:~x'),
    ])
    expect(first).toMatchObject({ status: 442, body: { message: expect.stringMatching(/long/) } })
    expect(second).toMatchObject({ status: 422, body: { code: 'search_too_long' } })
  } finally {
    await holder.query('rollback')
    holder.release()
  }
})

test('the questions were no nonsense throughout: each version answered many and refused many', () => {
  for (const answers of [seen.first, seen.second]) {
    expect(answers.accepted).toBeGreaterThan(answers.refused / 10)
    expect(answers.refused).toBeGreaterThan(answers.accepted / 10)
  }
})

test('nothing was lost or changed by all that: the tables are there, and the other tenant is as it was', async () => {
  const { rows } = await it.database.ownerPool.query(
    'select count(*)::int as n from quittance.debtor where reference = $1',
    [canary],
  )
  expect(rows).toEqual([{ n: 1 }])
})
