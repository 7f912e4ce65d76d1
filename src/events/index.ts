export { eventTypes, knownEventType } from './catalogue.ts'
export { listEvents, type StoredEvent } from './list-events.ts'
export {
  skipToNow,
  startSubscribers,
  type Subscriber,
  type Subscribers,
  type SubscribersOptions,
} from './subscribers.ts'
