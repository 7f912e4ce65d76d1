export {
  createSendRule,
  deleteSendRule,
  findSendRule,
  listSendRules,
  NewSendRule,
  SendRule,
  SendRules,
} from './gate/index.ts'
export {
  type Cause,
  closeTransports,
  createPrepare,
  emlOfUrl,
  findMessage,
  listCommunications,
  listMessages,
  logTransports,
  Message,
  messageEml,
  MessagePage,
  MessageQuery,
  messageWork,
  NewBounce,
  NewMessage,
  openTransports,
  type Outgoing,
  type PrepareTexts,
  queueMessages,
  type QueuedMessage,
  readDsn,
  readUnsubscribeToken,
  recordBounce,
  resumeSubscriber,
  type SendDeps,
  stayingAtHome,
  type TextsWanted,
  type Transferred,
  type Transport,
  type Transports,
  unsubscribe,
  unsubscribeToken,
  writeMessage,
} from './messages/index.ts'
export { listFields } from './fields/dictionary.ts'
export { type Fields, type MessageContext, type MoneyField } from './fields/fields.ts'
export { fieldsOf } from './fields/fields-of.ts'
export { epcPayload, type Transfer } from './letters/epc.ts'
export { letterOf } from './letters/letter-of.ts'
export { type Address, type Letter } from './letters/letter.ts'
export {
  type PreparedPreview,
  preparePreview,
  previewBundle,
  previewLetter,
} from './letters/preview-bundle.ts'
export { qrSvg } from './letters/qr.ts'
export { renderLetter } from './letters/render-letter.ts'
export {
  addVersion,
  type BundleVersion,
  createBundle,
  deleteBundle,
  findBundle,
  latestVersions,
  listBundles,
} from './templates/bundles.ts'
export { checkContent } from './templates/check-content.ts'
export { moneyText } from './templates/money-text.ts'
export { createRenderer, type Renderer } from './templates/renderer.ts'
export * as bundleShapes from './templates/schema.ts'
export { installStarterBundles, starterBundles } from './templates/starter-bundles.ts'
