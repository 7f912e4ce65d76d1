/** The one picture of a query, whichever language it came in: v1's EntityQuery or v2's search text. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly children: readonly Filter[] }
  | { readonly kind: 'not'; readonly child: Filter }
  | {
      readonly kind: 'leaf'
      readonly field: string
      readonly operator: Operator
      /** As the caller wrote it; absent for the operators that need none. */
      readonly value?: unknown
    }

export const operators = [
  'CONTAINS',
  'EQUALS',
  'EQUALS_IGNORE_CASE',
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUAL',
  'LESS_THAN',
  'LESS_THAN_OR_EQUAL',
  'NOT_EQUALS',
  'NOT_EQUALS_IGNORE_CASE',
  'NOT_CONTAINS',
  'IS_NULL',
  'IS_NOT_NULL',
] as const
export type Operator = (typeof operators)[number]

export interface Order {
  readonly field: string
  readonly isDescending: boolean
}

/** Bounds on foreign queries: enough for a person, too little to be a burden. */
export const leavesMax = 100
export const depthMax = 10
export const ordersMax = 5
export const queryTextMax = 8_192
