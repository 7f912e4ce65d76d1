export { enqueueJob, type NewJob } from './enqueue.ts'
export { installJobs } from './install.ts'
export type { JobLog } from './log.ts'
export {
  startJobs,
  type JobFailure,
  type Jobs,
  type JobsOptions,
  type JobTask,
} from './start-jobs.ts'
