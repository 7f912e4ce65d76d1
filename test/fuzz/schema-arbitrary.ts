import fc from 'fast-check'

/** The keywords that our published schemas use. */
interface Schema {
  type?: 'object' | 'array' | 'integer' | 'number' | 'boolean' | 'null' | 'string'
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  if?: { required?: string[] }
  then?: Schema
  else?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  patternProperties?: Record<string, Schema>
  propertyNames?: Schema
  maxProperties?: number
  items?: Schema
  maxItems?: number
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  format?: string
}

/** Texts from which the values of a place are drawn before chance is asked, so that requests meet each other's books. */
export type Pool = (key: string) => readonly unknown[] | undefined

const entitiesMax = 3

/** Values that a schema allows, or all but allows: what follows from several keywords together is not promised. */
export function schemaArbitrary(schema: object, pool: Pool, key = ''): fc.Arbitrary<unknown> {
  const given = schema as Schema
  if (given.const !== undefined) return fc.constant(given.const)
  if (given.enum) return fc.constantFrom(...given.enum)
  const known = pool(key)?.filter((value) => typeof value === jsonTypeOf(given))
  if (known && known.length > 0) {
    return fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...known) },
      { weight: 1, arbitrary: plain(given, pool, key) },
    )
  }
  return plain(given, pool, key)
}

const jsonTypeOf = ({ type }: Schema) => (type === 'integer' ? 'number' : type)

function plain(schema: Schema, pool: Pool, key: string): fc.Arbitrary<unknown> {
  if (schema.properties === undefined && !schema.allOf && (schema.anyOf ?? schema.oneOf)) {
    const branches = schema.anyOf ?? schema.oneOf ?? []
    return fc.oneof(...branches.map((branch) => schemaArbitrary(branch, pool, key)))
  }
  if (schema.type === 'object' || schema.properties || schema.allOf) return object(schema, pool)
  switch (schema.type) {
    case 'array':
      return fc.array(schemaArbitrary(schema.items ?? {}, pool, key), {
        maxLength: Math.min(schema.maxItems ?? entitiesMax, entitiesMax),
      })
    case 'integer':
      return integer(schema)
    case 'number':
      return number(schema)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'string':
      return text(schema)
    case undefined:
      break
  }
  return fc.jsonValue({ maxDepth: 2, stringUnit: 'grapheme' })
}

/** Small amounts, which meet, and the ends of the range, where sums overflow. */
function integer({ minimum = Number.MIN_SAFE_INTEGER, maximum }: Schema): fc.Arbitrary<number> {
  const max = maximum ?? Number.MAX_SAFE_INTEGER
  const small = fc.integer({ min: Math.max(minimum, -500), max: Math.min(max, 1_000) })
  return fc.oneof(
    { weight: 12, arbitrary: small },
    { weight: 1, arbitrary: fc.constantFrom(minimum, max, 0) },
    { weight: 1, arbitrary: fc.integer({ min: minimum, max }) },
  )
}

function number({
  minimum: min = -Number.MAX_VALUE,
  maximum: max = Number.MAX_VALUE,
}: Schema): fc.Arbitrary<number> {
  return fc.oneof(
    integer({ minimum: Math.max(min, -0x80000000), maximum: Math.min(max, 0x7fffffff) }),
    fc.double({ min, max, noNaN: true }),
  )
}

function text({ minLength = 0, maxLength = 40, pattern, format }: Schema): fc.Arbitrary<string> {
  if (format === 'date') {
    const day = { noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') }
    return fc.date(day).map((date) => date.toISOString().slice(0, 10))
  }
  if (format === 'uuid') return fc.uuid()
  if (pattern) return fc.stringMatching(new RegExp(pattern))
  const units = { minLength, maxLength: Math.min(maxLength, 40) }
  // NUL is no part of any text that can be kept, and `readJson` refuses it; the mutations bring it.
  return fc
    .oneof(fc.string({ ...units, unit: 'grapheme' }), fc.string({ ...units, unit: 'binary' }))
    .map((value) => value.replaceAll('\0', '\u0001'))
}

interface Members {
  properties: Record<string, Schema>
  required: readonly string[]
  conditions: readonly Schema[]
}

function object(schema: Schema, pool: Pool): fc.Arbitrary<unknown> {
  const choices = variantsOf(schema).map((members) => record(schema, decided(members), pool))
  return fc.oneof(...choices)
}

/** What members an object may have: one answer for each combination of its alternatives. */
function variantsOf(schema: Schema): Members[] {
  const { properties = {}, required = [], allOf = [] } = schema
  const conditions = allOf.filter((one) => one.then !== undefined)
  const parts = allOf.filter((one) => one.then === undefined).map((one) => [one])
  // A schema that is its own condition says the same as the schema.
  const groups = [schema.anyOf, schema.oneOf, schema.else?.oneOf, ...parts].filter(
    (group) => group !== undefined,
  )
  let variants: Members[] = [{ properties, required, conditions }]
  for (const group of groups) {
    const choices = group.flatMap(variantsOf)
    variants = variants.flatMap((variant) => choices.map((choice) => merged(variant, choice)))
  }
  return variants
}

function merged(one: Members, other: Members): Members {
  return {
    properties: { ...one.properties, ...other.properties },
    required: [...one.required, ...other.required],
    conditions: [...one.conditions, ...other.conditions],
  }
}

/** With the members that the required ones bring along. */
function decided(members: Members): Members {
  const met = members.conditions.filter((condition) =>
    condition.if?.required?.every((name) => members.required.includes(name)),
  )
  const consequences = met.flatMap(({ then = {} }) => variantsOf(then))
  return consequences.reduce(merged, members)
}

function record(schema: Schema, members: Members, pool: Pool): fc.Arbitrary<unknown> {
  const { properties, required } = members
  const own = fc.record(
    Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [
        name,
        schemaArbitrary(property, pool, name),
      ]),
    ),
    { requiredKeys: [...new Set(required)].filter((name) => name in properties) },
  )
  const others =
    schema.patternProperties?.['^.*$'] ?? Object.values(schema.patternProperties ?? {})[0]
  const more = others ?? schema.additionalProperties
  if (typeof more !== 'object') return own
  const keys = schemaArbitrary({ type: 'string', ...schema.propertyNames }, pool, 'key')
  const entities = fc.dictionary(
    keys.map(String).filter((name) => name !== '__proto__'),
    schemaArbitrary(more, pool),
    { maxKeys: Math.min(schema.maxProperties ?? entitiesMax, entitiesMax) },
  )
  return fc.tuple(own, entities).map(([a, b]) => ({ ...b, ...(a as object) }))
}
