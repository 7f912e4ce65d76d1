import { type TSchema, Type } from 'typebox'
import type { PublishedOperation } from '../../platform/openapi.ts'
import type { CrmOperation } from './operation.ts'
import { crmOperations } from './operations.ts'
import { udfNames } from './parameters.ts'

const prefix = '/crmapi/rest/v2'
const Status = Type.Object({
  code: Type.String({ description: 'OK, or what went wrong' }),
  message: Type.Union([Type.String(), Type.Null()]),
  description: Type.Union([Type.String(), Type.Null()]),
})

/** The one shape of every answer. */
export const Envelope = Type.Object({ status: Status, data: Type.Unknown() })

const Identifier = Type.Record(Type.String(), Type.String(), {
  minProperties: 1,
  maxProperties: 1,
  description: 'Exactly one field that names the object',
})
const QueryIdentifier = Type.String({ pattern: '^[^=]+=.+$', description: 'field=value' })
const Time = Type.String({ description: 'YYYY-MM-DDTHH:mm:ss on the clocks of the tenant' })
const Amount = Type.Union([Type.Number(), Type.String()])
const Whole = Type.Integer({ minimum: 0 })
const SetMember = Type.Record(Type.String(), Type.Unknown())

function schemaOf(name: string, isQuery: boolean): TSchema {
  if (name.endsWith('_identifier')) return isQuery ? QueryIdentifier : Identifier
  if (name.endsWith('_set')) return Type.Array(SetMember)
  if (name === 'received_on' || name.startsWith('udf_date')) return Time
  if (name === 'payment_amount' || name.startsWith('udf_float')) return Amount
  if (['number', 'number_of_results', 'offset'].includes(name)) return Whole
  return Type.String()
}

function parametersOf({ method, parameters }: CrmOperation): TSchema {
  const isQuery = method === 'GET'
  const names = parameters.flatMap((name) => (name === 'udf_*' ? udfNames : [name]))
  const fields = names.map((name): [string, TSchema] => {
    const plain = name.replace('!', '')
    const schema = schemaOf(plain, isQuery)
    return [plain, name.endsWith('!') ? schema : Type.Optional(schema)]
  })
  return Type.Object({
    token: Type.String(),
    ...Object.fromEntries(fields),
    fields_set: Type.Optional(Type.String({ description: 'Names of fields, comma separated' })),
  })
}

const errors = [404, 429, 503]

/** What the published contract says of the operations of this door. */
export function crmcomContract(): PublishedOperation[] {
  const login = (id: string, summary: string, body?: TSchema): PublishedOperation => ({
    id: id.replaceAll('/', '.'),
    method: 'POST',
    path: `${prefix}/${id}`,
    tag: 'Authentication',
    summary,
    ...(body ? { body } : {}),
    answer: Envelope,
    isOpen: true,
    status: 200,
    errors,
  })
  const unit = Type.Optional(Type.String({ description: 'The id of a unit' }))
  const credentials = Type.Object({
    username: Type.String(),
    password: Type.String(),
    organisation: Type.String(),
    unit,
  })
  return [
    login('authentication/token', 'A token that lives two hours', credentials),
    login(
      'authentication/web_api_key/token',
      'A token for a web API key: HTTP Basic, the key as user name',
      Type.Object({ unit }),
    ),
    login('authentication/token/release', 'End a token', Type.Object({ token: Type.String() })),
    ...crmOperations.map((operation): PublishedOperation => {
      const parameters = parametersOf(operation)
      return {
        id: operation.path.slice(1).replaceAll('/', '.'),
        method: operation.method,
        path: `${prefix}${operation.path}`,
        tag: operation.tag,
        summary: operation.summary,
        ...(operation.method === 'GET' ? { query: parameters } : { body: parameters }),
        answer: Envelope,
        status: 200,
        errors: operation.method === 'GET' ? errors : [404, 409, 422, 429, 503],
      }
    }),
  ]
}
