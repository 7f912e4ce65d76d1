export { advanceClock, type AdvanceDeps } from './advance-clock.ts'
