export { addEllipticKey, ensureKey, listKeys, makeKey, rotateKey, type MadeKey } from './keys.ts'
export {
  activeEndpoints,
  changeEndpoint,
  createEndpoint,
  listenerSubscriber,
  type Notice,
  queueNotices,
  tooLateFor,
} from './listener-endpoints.ts'
export { findDelivery, listDeliveries } from './list-deliveries.ts'
export { webhookSubscriber } from './record-events.ts'
export { redeliverFailed, redeliverMessage } from './redeliver.ts'
export { createSender, type Sender } from './send.ts'
export { startDeliveries, type Deliveries } from './start-deliveries.ts'
export {
  changeWebhook,
  createWebhook,
  deleteWebhook,
  findWebhook,
  listWebhooks,
} from './subscriptions.ts'
export { createTargets, type Resolve, type Targets } from './targets.ts'
