import type { FastifyInstance } from 'fastify'
import type { Services } from '../../platform/services.ts'
import { changeTask, completeTask, createTask, findTask, listTasks } from '../../tasks/index.ts'
import * as shapes from '../../tasks/schema.ts'
import { answerOnce } from './answer-once.ts'
import {
  IdPath,
  idOf,
  mountRoutes,
  NoPath,
  operationsOf,
  pageOf,
  readOf,
  type Route,
} from './routes.ts'

interface Deps {
  readonly services: Services
}

const tag = 'Tasks'

const routes: readonly Route<Deps>[] = [
  {
    id: 'tasks.create',
    method: 'POST',
    path: '/tasks',
    tag,
    summary: 'Give people something to do, about a claim or not',
    params: NoPath,
    body: shapes.NewTask,
    answer: shapes.Task,
    status: 201,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => ({
        status: 201,
        body: await createTask(tx, exchange.request.body as shapes.NewTask),
      })),
  },
  {
    id: 'tasks.list',
    method: 'GET',
    path: '/tasks',
    tag,
    summary: 'Tasks, the newest first',
    params: NoPath,
    query: shapes.TaskPageQuery,
    answer: shapes.TaskPage,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => listTasks(tx, pageOf<shapes.TaskPageQuery>(request))),
  },
  {
    id: 'tasks.get',
    method: 'GET',
    path: '/tasks/{id}',
    tag,
    summary: 'One task',
    params: IdPath,
    answer: shapes.Task,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => findTask(tx, idOf(request))),
  },
  {
    id: 'tasks.change',
    method: 'PATCH',
    path: '/tasks/{id}',
    tag,
    summary: 'Change what an open task says and when it is over',
    params: IdPath,
    body: shapes.TaskPatch,
    answer: shapes.Task,
    status: 200,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => ({
        status: 200,
        body: await changeTask(
          tx,
          idOf(exchange.request),
          exchange.request.body as shapes.TaskPatch,
        ),
      })),
  },
  {
    id: 'tasks.complete',
    method: 'POST',
    path: '/tasks/{id}/complete',
    tag,
    summary: 'Say that an open task is done, and which of its actions was taken',
    params: IdPath,
    body: shapes.TaskDone,
    answer: shapes.Task,
    status: 200,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => {
        const taskId = idOf(exchange.request)
        await completeTask(tx, { taskId, ...(exchange.request.body as shapes.TaskDone) })
        return { status: 200, body: await findTask(tx, taskId) }
      }),
  },
]

export const taskOperations = operationsOf(routes)

/** Mounts what manages tasks. */
export function mountTasks(scope: FastifyInstance, deps: Deps): void {
  mountRoutes(scope, deps, routes)
}
