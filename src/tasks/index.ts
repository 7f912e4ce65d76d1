export { completeTask, type Completion } from './complete-task.ts'
export { createTasks, type TaskOrder } from './create-tasks.ts'
export { taskWork } from './expire-tasks.ts'
export { changeTask, createTask, findTask, listTasks } from './manage-tasks.ts'
