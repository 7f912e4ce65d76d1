import { afterAll, describe, expect, it } from 'vitest'
import { namesOf } from '../fields/fields.ts'
import { sampleFields } from '../fields/sample-fields.ts'
import { creditorOf } from '../fields/creditor-of.ts'
import { createRenderer } from './renderer.ts'

const renderer = createRenderer()
afterAll(() => renderer.close())

const names = namesOf(
  sampleFields({ creditor: creditorOf({}, 'Acme'), today: '2026-03-10', language: 'de' }),
)
const of = (source: string, more: { escaping?: 'html' | 'plain'; isMjml?: boolean } = {}) => ({
  parts: [{ name: 'text', source, escaping: 'plain' as const, ...more }],
  names,
  language: 'de',
})
const render = async (source: string, escaping: 'html' | 'plain' = 'plain') =>
  (await renderer.render(of(source, { escaping })))['text']
const check = (source: string, more = {}) => renderer.check(of(source, more))

/** The next ordinary template is rendered: no attack leaves anything behind. */
const lives = async () => expect(await render('Hallo {{ debtor.firstName }}')).toBe('Hallo Erika')

const nbsp = '\u00A0'

describe('the renderer', () => {
  it('prints an amount as text of the language, and counts with it as minor units', async () => {
    expect(await render('{{ amount }}')).toBe(`1.249,50${nbsp}€`)
    expect(await render(`{{ amount|money('CHF', 'en') }}`)).toBe(`CHF${nbsp}1,249.50`)
    expect(await render('{{ (amount + totalFees)|money }}')).toBe(`1.254,50${nbsp}€`)
    expect(await render('{% if amount > 124949 %}viel{% endif %}')).toBe('viel')
    expect(await render('{{ amount.minor }} {{ amount.currency }}')).toBe('124950 EUR')
    expect(await render('{{ (amount / 100)|number_format(2, ",", ".") }}')).toBe('1.249,50')
  })

  it('follows the exponent of a currency, exactly for the largest amount', async () => {
    expect(await render(`{{ 1250|money('JPY', 'en') }}`)).toBe('¥1,250')
    expect(await render(`{{ 1250|money('KWD', 'en') }}`)).toBe(`KWD${nbsp}1.250`)
    expect(await render(`{{ 1250|money('HUF', 'en') }}`)).toBe(`HUF${nbsp}12.50`)
    expect(await render(`{{ 9007199254740991|money('EUR', 'en') }}`)).toBe('€90,071,992,547,409.91')
    await expect(render(`{{ 12.5|money('EUR') }}`)).rejects.toThrow('whole number')
  })

  it('writes dates in the language, and takes the day of the tenant for now', async () => {
    expect(await render('{{ dueDate|date_local }}')).toBe('15. Februar 2026')
    expect(await render('{{ dueDate|date_local("short", "en-GB") }}')).toBe('15/02/2026')
    expect(await render('{{ dueDate|date("d.m.Y") }}')).toBe('15.02.2026')
    expect(await render('{{ "now"|date("Y-m-d") }}')).toBe('2026-03-10')
    expect(await render('[{{ meta.absent|date("Y") }}{{ meta.absent|date_local }}]')).toBe('[]')
  })

  it('escapes what is inserted into HTML and nothing elsewhere', async () => {
    const attack = { ...names, customBody: '<script>alert(1)</script>' }
    const rendered = async (escaping: 'html' | 'plain') =>
      renderer.render({ ...of('{{ customBody }}', { escaping }), names: attack })
    expect(await rendered('html')).toEqual({ text: '&lt;script&gt;alert(1)&lt;/script&gt;' })
    expect(await rendered('plain')).toEqual({ text: attack.customBody })
  })

  it('goes through the open items', async () => {
    const source = '{% for item in items %}{{ loop.index }} {{ item.reference }};{% endfor %}'
    expect(await render(source)).toBe('1 INV-1;2 FEE-1;')
  })

  it('compiles MJML when it is checked and leaves the merge fields for later', async () => {
    const mjml =
      '<mjml><mj-body><mj-section><mj-column><mj-text>Hallo {{ debtor.firstName }}</mj-text></mj-column></mj-section></mj-body></mjml>'
    const { text } = await check(mjml, { isMjml: true, escaping: 'html' })
    expect(text).toContain('<!doctype html>')
    expect(text).toContain('{{ debtor.firstName }}')
  })
})

describe('the check of a template', () => {
  it('names every unknown field with its line and column', async () => {
    const source = 'Hallo {{ debtor.firstNam }},\n\n  {{ amuont }} {{ items|first.nothing }}'
    await expect(check('Hallo {{ debtor.firstNam }},\n\n  {{ amuont }}')).rejects.toThrow(
      'text, line 1, column 10: There is no field "debtor.firstNam"; did you mean "debtor.firstName"?; ' +
        'text, line 3, column 6: There is no field "amuont"; did you mean "amount"?',
    )
    await expect(check(source)).rejects.toMatchObject({ code: 'template_invalid', kind: 'invalid' })
  })

  it.each([
    ['{{ debtor.constructor }}', 'debtor.constructor'],
    ['{{ amount.toString }}', 'amount.toString'],
    ['{{ _context }}', '_context'],
    ['{{ _self }}', '_self'],
    ['{{ process }}', 'process'],
    ['{% for item in items %}{{ item.nothing }}{% endfor %}', 'item.nothing'],
    ['{% for item in items %}{% endfor %}{{ item.reference }}', '"item"'],
    ['{{ (items|first).nothing }}', 'nothing'],
    ['{{ items|map(i => i.nothing)|join }}', 'i.nothing'],
    ['{{ dueDate.year }}', 'dueDate.year'],
    ['{{ loop.index }}', '"loop"'],
  ])('refuses the unknown field of %s', async (source, name) => {
    await expect(check(source)).rejects.toThrow('There is no field')
    await expect(check(source)).rejects.toThrow(name)
  })

  it.each([
    '{{ meta.anything.at.all }}{{ account.meta.x }}{{ triggerContext.value }}',
    '{% set name = debtor.lastName %}{{ name }}',
    '{% for item in items|filter(i => i.kind == "fee") %}{{ loop.index }} {{ item.name }}{% endfor %}',
    '{{ items|map(i => i.reference)|join(", ") }}{{ items[0].reference }}',
    '{{ debtor.companyName ?? debtor.name }}{{ debtor["firstName"]|upper }}',
    '{{ customBody|nl2br }}{{ unsubscribeUrl|url_encode }}',
  ])('takes %s', async (source) => {
    await expect(check(source)).resolves.toEqual({ text: source })
  })

  it.each([
    ['{{ debtor.firstName', 'line 1'],
    ['{% if amount %}', 'line 1'],
    ['a\n{{ amount|nonsense }}', 'line 2'],
  ])('refuses the syntax of %s', async (source, place) => {
    await expect(check(source)).rejects.toMatchObject({ code: 'template_invalid' })
    await expect(check(source)).rejects.toThrow(place)
  })
})

describe('an attack by template', () => {
  it.each([
    ['{% include "/etc/passwd" %}', 'include'],
    ['{{ include("/etc/passwd") }}', 'include'],
    ['{{ source("/etc/passwd") }}', 'source'],
    ['{% extends "/etc/passwd" %}', 'not allowed'],
    ['{% embed "/etc/passwd" %}{% endembed %}', 'embed'],
    ['{% import "/etc/passwd" as x %}', 'import'],
    ['{% macro m() %}{% endmacro %}', 'not allowed'],
    ['{% block b %}{% endblock %}', 'not allowed'],
    ['{{ constant("process") }}', 'constant'],
    ['{{ "a" is constant("length") }}', 'constant'],
    ['{{ template_from_string("{{ amount }}") }}', 'template_from_string'],
    ['{{ dump() }}', 'dump'],
    ['{{ customBody|raw }}', 'raw'],
    ['{% apply raw %}a{% endapply %}', 'raw'],
    ['{% do 1 %}', 'do'],
    ['{{ debtor.get("firstName") }}', 'Calling'],
    ['{{ meta.constructor("return process")() }}', 'line 1'],
    ['{{ random(5) }}', 'random'],
  ])('is refused on save and when it runs: %s', async (source, word) => {
    await expect(check(source)).rejects.toThrow(word)
    await expect(check(source)).rejects.toMatchObject({ kind: 'invalid' })
    await expect(render(source)).rejects.toMatchObject({ code: 'template_invalid' })
    await lives()
  })

  it.each([
    '{{ meta.constructor }}{{ "a".constructor }}{{ [1].constructor }}',
    '{{ meta["con" ~ "structor"] }}{{ meta["__proto__"] }}{{ amount["toString"] }}',
    '{{ debtor["con" ~ "structor"]["con" ~ "structor"] }}',
  ])('reaches nothing behind the data: %s', async (source) => {
    const rendered = await render(source).catch((error: Error) => error.message)
    expect(rendered).not.toMatch(/function|native|Object|class/i)
    await lives()
  })

  it.each([
    '{% for a in 1..100000 %}{% for b in 1..100000 %}{% endfor %}{% endfor %}',
    '{{ range(1, 3000000)|join|upper|reverse }}{% for a in 1..100000 %}{% for b in 1..9999 %}{% endfor %}{% endfor %}',
  ])('that never ends is ended: %s', async (source) => {
    const refusal = { kind: 'invalid', code: expect.stringMatching(/template_too_(slow|big)/) }
    await expect(check(source)).rejects.toMatchObject(refusal)
    await expect(render(source)).rejects.toMatchObject(refusal)
    await lives()
  })

  it.each([
    '{% set x = "aaaaaaaaaaaaaaaa" %}{% for i in 1..60 %}{% set x = x ~ x %}{% endfor %}{{ x }}',
    '{% set x = [1,2,3,4,5,6,7,8] %}{% for i in 1..60 %}{% set x = x|merge(x) %}{% endfor %}',
    '{{ range(1, 900000000)|length }}',
    '{{ "a"|format|slice(0, 5) }}{% for i in 1..2000000 %}aaaaaaaaaa{% endfor %}',
  ])('that eats memory is refused: %s', async (source) => {
    await expect(render(source)).rejects.toMatchObject({ kind: 'invalid' })
    await lives()
  })

  it('by MJML that breaks its compiler is refused', async () => {
    const deep = `<mjml><mj-body>${'<mj-wrapper>'.repeat(20_000)}`
    await expect(check(deep, { isMjml: true, escaping: 'html' })).rejects.toMatchObject({
      kind: 'invalid',
    })
    const include = '<mjml><mj-body><mj-include path="/etc/passwd" /></mj-body></mjml>'
    await expect(check(include, { isMjml: true, escaping: 'html' })).rejects.toThrow('/etc/passwd')
    await lives()
  })

  it('cannot starve those who wait: many at once are all answered', async () => {
    const endless = '{% for a in 1..100000 %}{% for b in 1..100000 %}{% endfor %}{% endfor %}'
    const attacks = [1, 2, 3].map(() => render(endless).catch((error: { code: string }) => error))
    const honest = Array.from({ length: 20 }, () => render('{{ reference }}'))
    expect(await Promise.all(honest)).toEqual(Array.from({ length: 20 }, () => 'SAMPLE-1'))
    for (const refusal of await Promise.all(attacks))
      expect(refusal).toMatchObject({ code: 'template_too_slow' })
  })
})

it('refuses politely once it is closed', async () => {
  const closed = createRenderer()
  closed.close()
  await expect(closed.render(of('a'))).rejects.toMatchObject({ kind: 'unavailable' })
})
