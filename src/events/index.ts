export { eventTypes, knownEventType } from './catalogue.ts'
export { listEvents, type StoredEvent } from './list-events.ts'
export {
  beginReading,
  type HandedEvent,
  startSubscribers,
  type Subscriber,
  type Subscribers,
  type SubscribersOptions,
  type Wanting,
} from './subscribers.ts'
