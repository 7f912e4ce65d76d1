import { commentEntity } from './comment-entity.ts'

export const transactionInvoiceComment = commentEntity({
  name: 'TransactionInvoiceComment',
  group: 'invoices',
  table: 'invoice_comment',
  field: 'transactionInvoice',
  column: 'claim_number',
  entity: 'TransactionInvoice',
  param: 'invoiceId',
  v1: '/transaction-invoice-comment',
  v2: '/payment/transactions/invoices/{invoiceId}/comments',
})

export const refundComment = commentEntity({
  name: 'RefundComment',
  group: 'refunds',
  table: 'refund_comment',
  field: 'refund',
  column: 'refund_id',
  entity: 'Refund',
  param: 'refundId',
  v1: '/refund-comment',
  v2: '/payment/refunds/{refundId}/comments',
})
