import twing, {
  type TwingSandboxSecurityPolicy,
  type TwingSynchronousEnvironment,
  type TwingSynchronousFilter,
} from 'twing'
import { allowedFilters, allowedFunctions, allowedTags, allowedTests } from './policy.ts'
import { dateText, moneyText } from './money-text.ts'
import { MoneyValue } from './twig-values.ts'

const {
  createSandboxSecurityPolicy,
  createSynchronousArrayLoader,
  createSynchronousEnvironment,
  createSynchronousFilter,
} = twing

/** How a part is printed: `html` escapes what is inserted, `plain` does not. */
export type Escaping = 'html' | 'plain'

export interface Twig {
  readonly environment: TwingSynchronousEnvironment
  /** Renders a source; throws the engine's errors. */
  render(source: string, names: Record<string, unknown>): string
}

const templatesMax = 200

/** An engine that knows our filters and allows what the policy names; sources it has seen stay parsed. */
export function createTwig(escaping: Escaping): Twig {
  const templates: Record<string, string> = Object.create(null) as Record<string, string>
  let environment = newEnvironment(templates, escaping)
  return {
    get environment() {
      return environment
    },
    render(source, names) {
      if (Object.keys(templates).length >= templatesMax) {
        for (const name of Object.keys(templates)) delete templates[name]
        environment = newEnvironment(templates, escaping)
      }
      templates[source] = source
      return environment.render(source, names, { sandboxed: true, strict: false })
    },
  }
}

function newEnvironment(
  templates: Record<string, string>,
  escaping: Escaping,
): TwingSynchronousEnvironment {
  const environment = createSynchronousEnvironment(createSynchronousArrayLoader(templates), {
    autoEscapingStrategy: escaping,
    sandboxPolicy: policy,
    timezone: 'UTC',
  })
  // Without a strategy an amount would be printed as the number it counts as.
  environment.registerEscapingStrategy((value: unknown) => String(value), 'plain')
  environment.addFilter(moneyFilter)
  environment.addFilter(dateLocalFilter)
  environment.addFilter(dateFilter(environment.filters.get('date')))
  // The policy of the engine does not look at tests, nor at filters of {% apply %}: what is not there needs no policy.
  keepOnly(environment.filters, allowedFilters)
  keepOnly(environment.functions, allowedFunctions)
  keepOnly(environment.tests, allowedTests)
  return environment
}

function keepOnly(known: Map<string, unknown>, allowed: readonly string[]): void {
  for (const name of known.keys()) if (!allowed.includes(name)) known.delete(name)
}

const byName = createSandboxSecurityPolicy({
  allowedTags: [...allowedTags],
  allowedFilters: [...allowedFilters],
  allowedFunctions: [...allowedFunctions],
})

/** All values are our own maps and lists, so their keys may be read; nothing may be called. */
const policy: TwingSandboxSecurityPolicy = {
  checkMethodAllowed(candidate: unknown, method) {
    const isData = candidate instanceof Map || Array.isArray(candidate)
    if (isData && method.toLowerCase() === 'tostring') return
    throw new Error(`Calling "${method}" is not allowed`)
  },
  checkPropertyAllowed(candidate: unknown, property) {
    if (candidate instanceof Map || Array.isArray(candidate)) return
    throw new Error(`Reading "${property}" is not allowed`)
  },
  checkSecurity: (tags, filters, functions) => byName.checkSecurity(tags, filters, functions),
}

const option = (name: string) => ({ name, defaultValue: null })

const languageOf = (context: Map<string, unknown>, language: unknown): string => {
  const named = language ?? context.get('language')
  return typeof named === 'string' && isLanguage(named) ? named : 'en'
}

function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}

/** `{{ amount|money }}`, `{{ 1250|money('EUR', 'de') }}`: minor units as localised text. */
const moneyFilter = createSynchronousFilter(
  'money',
  (execution, value: unknown, ...[currency, language]: unknown[]) => {
    if (value === null || value === undefined || value === '') return ''
    const minor = value instanceof MoneyValue ? value.minor : Number(value)
    const named = value instanceof MoneyValue ? value.currency : execution.context.get('currency')
    const code = String(currency ?? named)
    if (!Number.isSafeInteger(minor)) throw new Error('money takes a whole number of minor units')
    if (!/^[A-Z]{3}$/.test(code)) throw new Error('money takes a currency of three capitals')
    return moneyText(minor, code, languageOf(contextOf(execution), language))
  },
  [option('currency'), option('language')],
)

/** `{{ dueDate|date_local }}`, `{{ dueDate|date_local('short', 'de') }}`: a calendar date as localised text. */
const dateLocalFilter = createSynchronousFilter(
  'date_local',
  (execution, value: unknown, ...[style, language]: unknown[]) => {
    if (value === null || value === undefined || value === '') return ''
    const date = typeof value === 'string' ? /^\d{4}-\d\d-\d\d/.exec(value)?.[0] : undefined
    if (date === undefined || Number.isNaN(Date.parse(date)))
      throw new Error('date_local takes a date such as 2026-03-10')
    const named = style === 'short' ? 'short' : 'long'
    return dateText(date, languageOf(contextOf(execution), language), named)
  },
  [option('style'), option('language')],
)

const contextOf = (execution: { context: unknown }) => execution.context as Map<string, unknown>

/**
 * Twig's own `date`, except that what is empty prints nothing and `now` is the tenant's day: the machine's clock belongs
 * into no message.
 */
function dateFilter(original: TwingSynchronousFilter | undefined): TwingSynchronousFilter {
  if (!original) throw new Error('The engine has no date filter')
  const { callable, acceptedArguments } = original
  return createSynchronousFilter(
    'date',
    (execution, value: unknown, ...rest: unknown[]) => {
      if (value === null || value === undefined || value === '') return ''
      const date = value === 'now' ? contextOf(execution).get('today') : value
      return callable(execution, date, ...rest) as unknown
    },
    [...acceptedArguments],
  )
}
