import { defineRefusals } from '../platform/refusal.ts'

/** Every expected no of tasks. */
export const refuse = defineRefusals({
  task_not_found: { kind: 'not_found', message: 'There is no such task' },
  task_not_open: { kind: 'conflict', message: 'The task is done or its time is over' },
  unknown_action: { kind: 'invalid', message: 'This is none of the actions of the task' },
  invalid_due: { kind: 'invalid', message: 'dueAt is no instant that we can keep' },
  due_in_past: { kind: 'invalid', message: 'The task would be over before it begins' },
  invalid_cursor: { kind: 'invalid', message: 'This cursor was not given by us' },
})
