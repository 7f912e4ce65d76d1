import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeUtf8, JsonError, readJson, type JsonLimits } from './json.ts'

function errorOf(text: string, limits?: JsonLimits): JsonError {
  try {
    readJson(text, limits)
  } catch (error) {
    if (error instanceof JsonError) return error
    throw error
  }
  throw new Error(`accepted ${text}`)
}

function isAccepted(text: string): boolean {
  try {
    readJson(text)
    return true
  } catch {
    return false
  }
}

function messageOf(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'no error'
  }
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

describe('readJson', () => {
  test('keeps the order of keys that look like numbers', () => {
    const { value, topLevelKeys } = readJson('{"10":1,"b":{"3":0,"2":0},"9":2,"\\u0061":3}')
    expect(topLevelKeys).toEqual(['10', 'b', '9', 'a'])
    expect(value).toEqual({ 9: 2, 10: 1, b: { 2: 0, 3: 0 }, a: 3 })
  })

  test('has no top-level keys where the text is no object', () => {
    expect(readJson(' [ {"a": 1} ] ')).toEqual({ value: [{ a: 1 }], topLevelKeys: [] })
  })

  test('skips one byte order mark', () => {
    expect(readJson('\uFEFF{"a":1}').value).toEqual({ a: 1 })
    expect(errorOf('\uFEFF\uFEFF1').kind).toBe('syntax')
  })

  test('reads what JSON.parse reads, as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(3), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent)
        if (!isAccepted(text)) return
        expect(readJson(text).value).toEqual(JSON.parse(text))
      }),
    )
  })

  test('accepts nothing JSON.parse does not, and finds the error in the same place', () => {
    const characters = '{}[]:,"0123456789-+.eE \n\t\\u/abtfn'.split('')
    const piece = fc.constantFrom(...characters, 'true', 'null', '"a"', '"b":', '1.5')
    const text = fc.array(piece, { maxLength: 12 }).map((all) => all.join(''))
    fc.assert(
      fc.property(text, (broken) => {
        const theirs = messageOf(() => JSON.parse(broken))
        const ours = messageOf(() => readJson(broken))
        if (theirs === undefined) expect(ours ?? 'refused').not.toContain('SyntaxError')
        if (theirs !== undefined) expect(ours).toBeDefined()
        if (theirs === undefined || !ours?.startsWith('SyntaxError')) return
        if (theirs.includes('end of JSON')) expect(ours).toContain('end of JSON')
        const position = /position \d+/.exec(theirs)?.[0]
        if (position === undefined || ours.includes('end of JSON')) return
        expect(ours.endsWith(`in JSON at ${position}`)).toBe(true)
      }),
      { numRuns: 10_000 },
    )
  })
})

describe('syntax errors', () => {
  const end = 'SyntaxError: Unexpected end of JSON input'
  const token = (text: string, at: number) =>
    `SyntaxError: Unexpected token ${text} in JSON at position ${at}`
  const number = (at: number) => `SyntaxError: Unexpected number in JSON at position ${at}`
  const string = (at: number) => `SyntaxError: Unexpected string in JSON at position ${at}`

  test.each([
    ['', end],
    [' \n', end],
    ['{', end],
    ['{"a"', end],
    ['{"a":', end],
    ['{"a":1', end],
    ['{"a":1,', end],
    ['[', end],
    ['[1', end],
    ['"abc', end],
    ['"\\', end],
    ['"\\u12', end],
    ['nul', end],
    ['-', end],
    ['1.', end],
    ['1e', end],
    ['1e+', end],
    ['{"a":}', token('}', 5)],
    ['{"a":1,}', token('}', 7)],
    ['{"a":1]', token(']', 6)],
    ['{"a",1}', token(',', 4)],
    ['{a:1}', token('a', 1)],
    ["{'a':1}", token("'", 1)],
    ['{1:1}', number(1)],
    ['{"a" 1}', number(5)],
    ['{"a":1 "b":2}', string(7)],
    ['[1,]', token(']', 3)],
    ['[,]', token(',', 1)],
    ['[1,,2]', token(',', 3)],
    ['[1 2]', number(3)],
    ['[}', token('}', 1)],
    ['}', token('}', 0)],
    ['{} x', token('x', 3)],
    ['{}{}', token('{', 2)],
    ['1 2', number(2)],
    ['1 "a"', string(2)],
    ['truX', token('X', 3)],
    ['undefined', token('u', 0)],
    ['NaN', token('N', 0)],
    ['01', number(1)],
    ['-01', number(2)],
    ['-x', token('x', 1)],
    ['--1', number(1)],
    ['+1', token('+', 0)],
    ['.5', token('.', 0)],
    ['1.x', token('x', 2)],
    ['1.e5', token('e', 2)],
    ['1e5.5', token('.', 3)],
    ['0x1', token('x', 1)],
    ['"a\nb"', token('\n', 2)],
    ['"\\x"', token('x', 2)],
    ['"\\1"', token('1', 2)],
    ['"\\u12G4"', token('G', 5)],
    ['"\\u12"', string(5)],
    ['\u00a0{}', token('\u00a0', 0)],
    ['[😀]', token('😀', 1)],
    ['[\ud83d]', token('\ufffd', 1)],
  ])('words %j as V8 once did', (text, message) => {
    const error = errorOf(text)
    expect(error.message).toBe(message)
    expect(error.kind).toBe('syntax')
  })

  test('gives the position the vendor shows for a trailing comma', () => {
    const text = `{"a":"${'x'.repeat(381)}",}`
    expect(errorOf(text).message).toBe(token('}', 389))
  })
})

describe('refusals', () => {
  const halfPair = 'A string holds half a surrogate pair'
  const nul = 'The character NUL is not allowed'
  const prototype = 'The key __proto__ is not allowed'
  const tooLarge = 'A number is too large'
  const tooLong = 'A number has more digits than can be kept'

  test.each([
    ['{"__proto__":1}', `${prototype} (at position 1)`],
    ['{"a":[{"__proto__":1}]}', `${prototype} (at position 7)`],
    ['{"a":{"\\u005f_proto_\\u005F":1}}', `${prototype} (at position 6)`],
    ['{"a":1,"b":2,"a":3}', 'The same key appears twice (at position 13)'],
    ['{"a":1,"\\u0061":3}', 'The same key appears twice (at position 7)'],
    ['["\\u0000"]', `${nul} (at position 2)`],
    ['["a\0"]', `${nul} (at position 3)`],
    ['[\0]', `${nul} (at position 1)`],
    ['["\\ud83d"]', `${halfPair} (at position 1)`],
    ['["\\ude00\\ud83d"]', `${halfPair} (at position 1)`],
    ['["\ud83d"]', `${halfPair} (at position 1)`],
    ['{"\ude00":1}', `${halfPair} (at position 1)`],
    ['9007199254740992', `${tooLarge} (at position 0)`],
    ['[-9007199254740992]', `${tooLarge} (at position 1)`],
    ['9007199254740991.5', `${tooLarge} (at position 0)`],
    ['1e20', `${tooLarge} (at position 0)`],
    ['1e400', `${tooLarge} (at position 0)`],
    ['10000.00000000000000001', `${tooLong} (at position 0)`],
    ['9999.999999999999999999', `${tooLong} (at position 0)`],
    ['4503599627370497.5', `${tooLong} (at position 0)`],
    ['-1e-400', `${tooLong} (at position 0)`],
    [nested(33), 'Nesting deeper than 32 levels (at position 32)'],
  ])('refuses %j', (text, message) => {
    const error = errorOf(text)
    expect(error.message).toBe(message)
    expect(error.kind).toBe('refused')
  })

  test.each([
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['9007199254740991.000', 9007199254740991],
    ['0.1', 0.1],
    ['0.1234567890123456789', 0.12345678901234568],
    ['1.50e1', 15],
    ['1.5E+3', 1500],
    ['150000000000000000e-15', 150],
    ['0e99999999999', 0],
    ['0.00000000000000000000', 0],
  ])('keeps the number %s', (text, value) => {
    expect(readJson(text).value).toBe(value)
  })

  test.each([
    ['pairs written and escaped', '["😀","\\ud83d\\ude00","\ud83d\\ude00"]'],
    [
      'keys that only contain __proto__',
      '{"__proto__x":1,"x__proto__":2,"constructor":{"prototype":1}}',
    ],
    ['__proto__ as a value', '["__proto__"]'],
    ['repeated keys further in', '{"a":{"b":1,"b":2}}'],
    ['32 levels', nested(32)],
    ['siblings beyond the depth', `[${Array.from({ length: 99 }, () => '[]').join()}]`],
  ])('accepts %s', (_what, text) => {
    expect(readJson(text).value).toEqual(JSON.parse(text))
  })

  test('takes the depth it is given', () => {
    expect(errorOf('[[[]]]', { depthMax: 2 }).message).toBe(
      'Nesting deeper than 2 levels (at position 2)',
    )
    expect(readJson('[[]]', { depthMax: 2 }).value).toEqual([[]])
  })

  test('keeps every safe integer and every short decimal', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat(99), (whole, cents) => {
        expect(readJson(String(whole)).value).toBe(whole)
        const decimal = `${Math.trunc(whole / 1000)}.${cents}`
        expect(readJson(decimal).value).toBe(Number(decimal))
      }),
    )
  })

  test('never reads a whole number that was not written', () => {
    fc.assert(
      fc.property(fc.nat(), fc.bigInt({ min: 1n, max: 10n ** 25n }), (whole, fraction) => {
        const text = `${whole}.${String(fraction).padStart(30, '0')}`
        if (isAccepted(text)) expect(Number.isInteger(readJson(text).value)).toBe(false)
      }),
    )
  })
})

describe('trailing commas', () => {
  test('are left out where they are tolerated', () => {
    const text = '{"a":[1,2 , ],"b":{"c":",}",},"d":[{},],\n}'
    const { value, topLevelKeys } = readJson(text, { trailingCommas: true })
    expect(value).toEqual({ a: [1, 2], b: { c: ',}' }, d: [{}] })
    expect(topLevelKeys).toEqual(['a', 'b', 'd'])
  })

  test.each(['[,]', '{,}', '[1,,]', '{"a":1,,}', '[1],'])('are not tolerated in %s', (text) => {
    expect(errorOf(text, { trailingCommas: true }).kind).toBe('syntax')
  })
})

describe('time', () => {
  // Generous limits: these fail for a quadratic scan, not for a busy machine.
  const limitMs = 1500

  test.each([
    [
      'items',
      `{${Array.from({ length: 60_000 }, (_, i) => `"r${i}":{"amount":${i},"text":"${'x'.repeat(60)}"}`).join()}}`,
    ],
    ['one string of escapes', `"${'\\u00e9'.repeat(1_000_000)}"`],
    ['one number', `0.${'0'.repeat(6_000_000)}`],
    ['white space', `[${' '.repeat(6_000_000)}]`],
    ['strings with pairs', `[${Array.from({ length: 400_000 }, () => '"\\ud83d\\ude00"').join()}]`],
  ])('stays linear over megabytes of %s', (_what, text) => {
    const startedAt = performance.now()
    readJson(text)
    expect(performance.now() - startedAt).toBeLessThan(limitMs)
  })
})

describe('decodeUtf8', () => {
  test('decodes UTF-8 and drops the byte order mark', () => {
    expect(decodeUtf8(Buffer.from('\uFEFF{"a":"€😀"}'))).toBe('{"a":"€😀"}')
  })

  test.each([
    ['a cut character', [0xe2, 0x82]],
    ['a lone continuation', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
  ])('refuses %s and forgets it', (_what, bytes) => {
    expect(() => decodeUtf8(Uint8Array.from(bytes))).toThrow(JsonError)
    expect(decodeUtf8(Buffer.from('ok'))).toBe('ok')
  })
})
