import { sql } from 'kysely'
import {
  type Actor,
  addCollected,
  attachDocument,
  type CaseDeps,
  closeCase,
  markPrepared,
  markReviewed,
  refuse as refuseCase,
} from '../../../cases/index.ts'
import { type Call, inCall } from '../call.ts'
import {
  type Action,
  type ActionDoor,
  type ActionInput,
  decimal,
  type Fields,
  long,
  text,
  writable,
} from '../entity.ts'
import { invalidInput } from '../errors.ts'

type Deps = CaseDeps & Pick<Call['deps'], 'stores'>

/** What operations on cases are given by a call. */
export function actorOf({ deps, tenant, caller, version }: Call): [Deps, Actor] {
  const { services, bookkeeper, stores } = deps
  const nowOf = (tenantId: string) => services.clocks.nowOf(tenantId)
  const originator = version === 1 ? 'WalleeV1' : 'WalleeV2'
  return [
    { db: services.db, bookkeeper, stores, nowOf },
    { tenant, userId: caller.userId, originator },
  ]
}

const id = { type: long, isRequired: true }

function transition(
  name: string,
  run: (deps: CaseDeps, actor: Actor, id: number) => Promise<void>,
  doors: { v1: string; v2: string },
): Action {
  return {
    name,
    needs: 'write',
    params: { id },
    v1: { method: 'POST', path: `/debt-collection-case/${doors.v1}` },
    v2: { method: 'POST', path: `/debt-collection/cases/{id}/${doors.v2}` },
    async run(call, { params }) {
      await run(...actorOf(call), Number(params['id']))
      return { kind: 'object', entity: 'DebtCollectionCase', id: Number(params['id']) }
    },
  }
}

const collect: Action = {
  name: 'Add an amount that was collected',
  needs: 'write',
  params: {
    id,
    collectedAmount: { type: decimal, isRequired: true },
    externalId: { type: text(100, { min: 1, format: 'ascii' }), isRequired: true },
  },
  v1: { method: 'POST', path: '/debt-collection-case/addCollectedAmount' },
  v2: { method: 'POST', path: '/debt-collection/cases/{id}/payment-receipts' },
  async run(call, { params }) {
    const receiptId = await addCollected(...actorOf(call), {
      caseId: Number(params['id']),
      amount: String(params['collectedAmount']),
      externalId: String(params['externalId']),
    })
    return { kind: 'object', entity: 'DebtCollectionReceipt', id: receiptId }
  },
}

const nameMax = 100
/** More than the largest file has in base64; the file's own limit is told by the files. */
const contentMax = 100_000_000
const content = text(contentMax)
const documentBody: Fields = {
  fileName: writable(text(nameMax, { min: 1 })),
  content: writable(content),
  contentBase64: writable(content),
}
const attachDoor = (path: string, rename?: ActionDoor['rename']): ActionDoor => ({
  method: 'POST',
  path,
  ...(rename ? { rename } : {}),
})

/** The content travels in the query, as the SDKs send it; a body may carry what is too long for a query. */
const attach: Action = {
  name: 'Attach a document',
  needs: 'write',
  params: {
    id,
    fileName: { type: text(nameMax, { min: 1 }) },
    contentBase64: { type: content },
  },
  body: documentBody,
  v1: attachDoor('/debt-collection-case/attachDocument'),
  v2: attachDoor('/debt-collection/cases/{id}/documents', { contentBase64: 'content' }),
  async run(call, input) {
    const documentId = await attachDocument(...actorOf(call), {
      caseId: Number(input.params['id']),
      ...documentOf(call, input),
    })
    return { kind: 'object', entity: 'DebtCollectionCaseDocument', id: documentId }
  },
}

function documentOf({ version }: Call, { params, body }: ActionInput) {
  const fileName = params['fileName'] ?? body['fileName']
  const contentBase64 = params['contentBase64'] ?? body['content'] ?? body['contentBase64']
  if (typeof fileName !== 'string') throw invalidInput({ fileName: 'The parameter is required' })
  const name = version === 1 ? 'contentBase64' : 'content'
  if (typeof contentBase64 !== 'string') throw invalidInput({ [name]: 'The parameter is required' })
  return { fileName, contentBase64 }
}

const documentsMax = 1_000

const documents: Action = {
  name: 'The documents of a case',
  needs: 'read',
  params: { id },
  v1: { method: 'POST', path: '/debt-collection-case/documents' },
  v2: { method: 'GET', path: '/debt-collection/cases/{id}/documents' },
  async run(call, { params }) {
    const ids = await inCall(call, async (tx) => {
      const caseId = Number(params['id'])
      const { rows } = await sql<{ id: number; documentId: number | null }>`
        select t.id, d.id as "documentId" from debt_case t
        left join debt_case_document d on d.tenant_id = t.tenant_id and d.case_id = t.id
        where t.tenant_id = ${tx.tenantId} and t.id = ${caseId} order by d.id limit ${documentsMax}`.execute(
        tx.db,
      )
      if (rows.length === 0) throw refuseCase('case_not_found')
      return rows.flatMap(({ documentId }) => documentId ?? [])
    })
    const kind = call.version === 1 ? 'objects' : 'pageOf'
    return { kind, entity: 'DebtCollectionCaseDocument', ids }
  },
}

export const caseActions: readonly Action[] = [
  transition('Mark a case as prepared', markPrepared, {
    v1: 'markAsPrepared',
    v2: 'mark-prepared',
  }),
  transition('Mark a case as reviewed', markReviewed, {
    v1: 'markAsReviewed',
    v2: 'mark-reviewed',
  }),
  transition('Close a case', closeCase, { v1: 'close', v2: 'close' }),
  collect,
  attach,
  documents,
]
