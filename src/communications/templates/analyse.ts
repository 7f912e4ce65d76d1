import twing, { type TwingBaseNode, type TwingEnvironment } from 'twing'
import { editDistance } from '../../platform/edit-distance.ts'
import { dictionary, type Dictionary, type Field } from '../fields/dictionary.ts'
import { allowedTags } from './policy.ts'

const { createSource } = twing

export interface Finding {
  readonly line: number
  readonly column: number
  readonly message: string
}

type Parsing = Pick<TwingEnvironment, 'tokenize' | 'parse'>

/**
 * The fields that the dictionary does not know and the tags that are not allowed, with their places. Throws what cannot be
 * parsed; a filter, function or test that is not allowed is none that the engine knows.
 */
export function analyse(environment: Parsing, source: string): Finding[] {
  const template = environment.parse(environment.tokenize(createSource('template', source)))
  const walk = new Walk()
  const { body, blocks, macros, traits, parent } = template.children
  for (const others of [blocks, macros, traits, parent]) {
    const first = others && (others.type === null ? childrenOf(others)[0] : others)
    if (first) walk.find(first, 'Blocks, macros and other templates are not allowed')
  }
  walk.node(body)
  return walk.findings
}

const anything: Field = { kind: 'free', says: '' }
const loop: Field = {
  kind: 'group',
  says: '',
  fields: Object.fromEntries(
    ['index', 'index0', 'revindex', 'revindex0', 'first', 'last', 'length', 'parent'].map(
      (name) => [name, anything] as const,
    ),
  ),
}
const moneyParts: Dictionary = { minor: anything, currency: anything }

const tags = new Set<string>(allowedTags)

/** Filters that answer a list of what they were given, and those that answer one of it. */
const sameList = new Set(['batch', 'default', 'filter', 'reverse', 'slice'])
const oneOfList = new Set(['first', 'last'])

/** Goes through a parsed template once, knowing what each name stands for. */
class Walk {
  readonly findings: Finding[] = []
  readonly #locals = new Map<string, Field>()

  find({ line, column }: TwingBaseNode, message: string): void {
    this.findings.push({ line, column, message })
  }

  /** Checks a node and answers what it stands for. */
  node(node: TwingBaseNode): Field {
    this.#checkTag(node)
    switch (node.type) {
      case 'name':
        return this.#name(node)
      case 'attribute_accessor':
        return this.#attribute(node)
      case 'for':
        return this.#for(node)
      case 'set':
        return this.#set(node)
      case 'filter':
        return this.#filter(node)
      case 'check_to_string':
        return this.node(childOf(node, 'value'))
      default:
        for (const child of childrenOf(node)) this.node(child)
        return anything
    }
  }

  #checkTag(node: TwingBaseNode): void {
    if (node.tag !== null && !tags.has(node.tag) && node.type !== 'for_loop')
      this.find(node, `The tag "${node.tag}" is not allowed`)
  }

  #name(node: TwingBaseNode): Field {
    const name = String(attributeOf(node, 'name'))
    const known = this.#locals.get(name) ?? ownField(dictionary, name)
    if (known) return known
    this.find(node, unknown(name, [...this.#locals.keys(), ...Object.keys(dictionary)]))
    return anything
  }

  #attribute(node: TwingBaseNode): Field {
    const target = this.node(childOf(node, 'target'))
    const attribute = childOf(node, 'attribute')
    if (attributeOf(node, 'type') === 'method') this.find(node, 'Calling is not allowed')
    if (attribute.type !== 'constant') {
      this.node(attribute)
      return anything
    }
    const name = String(attributeOf(attribute, 'value'))
    if (target.kind === 'free') return anything
    if (target.kind === 'list' && /^\d+$/.test(name)) return { ...target, kind: 'group' }
    const fields = fieldsIn(target)
    const known = ownField(fields, name)
    if (known) return known
    this.find(
      node,
      unknown(
        pathOf(node),
        Object.keys(fields).map((field) => siblingOf(node, field)),
      ),
    )
    return anything
  }

  #for(node: TwingBaseNode): Field {
    const sequence = this.node(childOf(node, 'sequence'))
    const value = sequence.kind === 'list' ? ({ ...sequence, kind: 'group' } as const) : anything
    const names = [
      [String(attributeOf(childOf(node, 'keyTarget'), 'name')), anything],
      [String(attributeOf(childOf(node, 'valueTarget'), 'name')), value],
      ['loop', loop],
    ] as const
    this.#within(names, () => {
      this.node(childOf(node, 'body'))
    })
    const otherwise = node.children['else'] as TwingBaseNode | undefined
    if (otherwise) this.node(otherwise)
    return anything
  }

  #within(names: readonly (readonly [string, Field])[], work: () => void): void {
    const before = names.map(([name]) => [name, this.#locals.get(name)] as const)
    for (const [name, field] of names) this.#locals.set(name, field)
    work()
    for (const [name, field] of before) {
      if (field) this.#locals.set(name, field)
      else this.#locals.delete(name)
    }
  }

  #set(node: TwingBaseNode): Field {
    const values = childrenOf(childOf(node, 'values')).map((value) => this.node(value))
    for (const [index, name] of childrenOf(childOf(node, 'names')).entries())
      this.#locals.set(String(attributeOf(name, 'name')), values[index] ?? anything)
    return anything
  }

  #filter(node: TwingBaseNode): Field {
    const operand = this.node(childOf(node, 'operand'))
    const element = operand.kind === 'list' ? ({ ...operand, kind: 'group' } as const) : anything
    for (const argument of childrenOf(childOf(node, 'arguments'))) this.#argument(argument, element)
    if (operand.kind !== 'list') return anything
    const name = String(attributeOf(node, 'operatorName'))
    if (sameList.has(name)) return operand
    return oneOfList.has(name) ? element : anything
  }

  /** The parameter of an arrow stands for one of the list that the filter goes through. */
  #argument(node: TwingBaseNode, element: Field): void {
    if (node.type !== 'arrow_function') {
      this.node(node)
      return
    }
    const names = childrenOf(childOf(node, 'names')).map(
      (name, index) =>
        [String(attributeOf(name, 'name')), index === 0 ? element : anything] as const,
    )
    this.#within(names, () => {
      this.node(childOf(node, 'body'))
    })
  }
}

const childrenOf = (node: TwingBaseNode): TwingBaseNode[] => Object.values(node.children)

function childOf(node: TwingBaseNode, name: string): TwingBaseNode {
  const child = node.children[name]
  if (!child) throw new Error(`The engine parsed a ${String(node.type)} without ${name}`)
  return child
}

const attributeOf = (node: TwingBaseNode, name: string): unknown =>
  (node.attributes as Record<string, unknown>)[name]

const ownField = (fields: Dictionary, name: string): Field | undefined =>
  Object.hasOwn(fields, name) ? fields[name] : undefined

function fieldsIn(field: Field): Dictionary {
  if (field.kind === 'group') return field.fields
  return field.kind === 'money' ? moneyParts : {}
}

function pathOf(node: TwingBaseNode): string {
  if (node.type === 'name') return String(attributeOf(node, 'name'))
  if (node.type !== 'attribute_accessor') return '…'
  const attribute = childOf(node, 'attribute')
  const name = attribute.type === 'constant' ? String(attributeOf(attribute, 'value')) : '…'
  return `${pathOf(childOf(node, 'target'))}.${name}`
}

const siblingOf = (node: TwingBaseNode, name: string): string =>
  `${pathOf(childOf(node, 'target'))}.${name}`

const typoDistanceMax = 3

function unknown(name: string, known: readonly string[]): string {
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .toSorted((a, b) => a.distance - b.distance)
  const isNear = nearest !== undefined && nearest.distance <= typoDistanceMax
  return `There is no field "${name}"${isNear ? `; did you mean "${nearest.candidate}"?` : ''}`
}
