import { describe, expect, test } from 'vitest'
import * as schemas from './schema.ts'

describe('shared schemas', () => {
  test('carry no $id', () => {
    for (const schema of Object.values(schemas)) expect(schema).not.toHaveProperty('$id')
  })

  test('bound money by what is exact', () => {
    expect(schemas.Minor).toMatchObject({ minimum: 1 - 2 ** 53, maximum: 2 ** 53 - 1 })
    expect(schemas.NaturalMinor).toMatchObject({ minimum: 0, maximum: 2 ** 53 - 1 })
    expect(schemas.PositiveMinor).toMatchObject({ minimum: 1, maximum: 2 ** 53 - 1 })
  })

  test('are plain JSON Schema', () => {
    expect(JSON.parse(JSON.stringify(schemas.DateOnly))).toEqual({ type: 'string', format: 'date' })
    expect(JSON.parse(JSON.stringify(schemas.JsonObject))).toMatchObject({ type: 'object' })
  })
})
