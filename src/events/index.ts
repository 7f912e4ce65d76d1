export { eventTypes, knownEventType } from './catalogue.ts'
export { listEvents, type StoredEvent } from './list-events.ts'
