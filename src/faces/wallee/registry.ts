import type { Entity } from './entity.ts'
import { account } from './entities/account.ts'
import { applicationUser } from './entities/application-user.ts'
import { country, countryState } from './entities/countries.ts'
import { currency } from './entities/currencies.ts'
import { customer } from './entities/customer.ts'
import { customerAddress } from './entities/customer-address.ts'
import { customerComment } from './entities/customer-comment.ts'
import { debtCollectionCase } from './entities/debt-collection-case.ts'
import { debtCollectionCaseDocument } from './entities/debt-collection-document.ts'
import { debtCollectionReceipt } from './entities/debt-collection-receipt.ts'
import {
  debtCollectionCaseSource,
  debtCollectionReceiptSource,
} from './entities/debt-collection-sources.ts'
import { debtCollector } from './entities/debt-collector.ts'
import {
  debtCollectorCondition,
  debtCollectorConditionType,
} from './entities/debt-collector-condition.ts'
import { debtCollectorConfiguration } from './entities/debt-collector-configuration.ts'
import { failureReason } from './entities/failure-reason.ts'
import { humanUser } from './entities/human-user.ts'
import { labelDescriptor, labelDescriptorGroup } from './entities/label-descriptors.ts'
import { ibanDetails } from './entities/iban-details.ts'
import { language } from './entities/languages.ts'
import { legalOrganizationForm } from './entities/legal-organization-forms.ts'
import { permission } from './entities/permission.ts'
import { scope, tenantDatabase } from './entities/installation.ts'
import { role } from './entities/role.ts'
import { singleSignOnUser } from './entities/single-sign-on-user.ts'
import { space } from './entities/space.ts'
import { staticValue } from './entities/static-values.ts'
import { userAccountRole, userSpaceRole } from './entities/user-roles.ts'
import { chargeFlow } from './entities/charge-flow.ts'
import { chargeFlowLevel, chargeFlowLevelPaymentLink } from './entities/charge-flow-level.ts'
import { refundComment, transactionInvoiceComment } from './entities/comments.ts'
import { documentTemplate } from './entities/document-template.ts'
import { documentTemplateType, documentTemplateTypeGroup } from './entities/document-types.ts'
import { dunningCase } from './entities/dunning-case.ts'
import { dunningCaseLevel } from './entities/dunning-case-level.ts'
import { dunningFlow, dunningFlowLevel } from './entities/dunning-flow.ts'
import { dunningFlowType } from './entities/journey-columns.ts'
import { manualTask } from './entities/manual-task.ts'
import { paymentLink } from './entities/payment-link.ts'
import { refund } from './entities/refund.ts'
import { subscriptionLedgerEntry } from './entities/subscription-ledger-entry.ts'
import { transaction } from './entities/transaction.ts'
import { transactionInvoice } from './entities/transaction-invoice.ts'
import { webhookEncryptionKey } from './entities/webhook-encryption-key.ts'
import { webhookIdentity } from './entities/webhook-identity.ts'
import { webhookListener } from './entities/webhook-listener.ts'
import { webhookUrl } from './entities/webhook-url.ts'

/** Everything that the two doors serve. A new entity is a file in entities/ and a line here. */
export const entities: readonly Entity[] = [
  customer,
  customerAddress,
  customerComment,
  space,
  account,
  applicationUser,
  humanUser,
  singleSignOnUser,
  scope,
  tenantDatabase,
  role,
  permission,
  userSpaceRole,
  userAccountRole,
  country,
  countryState,
  currency,
  language,
  legalOrganizationForm,
  labelDescriptor,
  labelDescriptorGroup,
  staticValue,
  webhookUrl,
  webhookListener,
  webhookIdentity,
  webhookEncryptionKey,
  debtCollectionCase,
  debtCollectionCaseDocument,
  debtCollectionCaseSource,
  debtCollectionReceipt,
  debtCollectionReceiptSource,
  debtCollector,
  debtCollectorCondition,
  debtCollectorConditionType,
  debtCollectorConfiguration,
  failureReason,
  transactionInvoice,
  transactionInvoiceComment,
  transaction,
  refund,
  refundComment,
  dunningCase,
  dunningCaseLevel,
  dunningFlow,
  dunningFlowLevel,
  dunningFlowType,
  manualTask,
  subscriptionLedgerEntry,
  chargeFlow,
  chargeFlowLevel,
  chargeFlowLevelPaymentLink,
  paymentLink,
  documentTemplate,
  documentTemplateType,
  documentTemplateTypeGroup,
  ibanDetails,
]

/** The entity of a name that a description uses; a name that there is none of is a bug in the description. */
export function entityNamed(name: string): Entity {
  const found = entities.find((entity) => entity.name === name)
  if (!found) throw new Error(`There is no entity ${name}`)
  return found
}
