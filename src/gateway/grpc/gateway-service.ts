// orchestrator.v1.Gateway: tasks given, looked at, watched and cancelled.
import { DtrError } from '../../errors.js'
import type { TaskField } from '../../protocol/messages.js'
import type { TaskState } from '../../task/task.js'
import { known } from '../http/routes/tasks.js'
import type { Asked, Calls } from './calls.js'
import type { CancelOutcome } from './generated/orchestrator/v1/CancelOutcome.js'
import type { GatewayHandlers } from './generated/orchestrator/v1/Gateway.js'
import type { TaskProgress } from './generated/orchestrator/v1/TaskProgress.js'
import type { TaskStatus__Output as TaskStatus } from './generated/orchestrator/v1/TaskStatus.js'
import { healthOf } from './health.js'
import type { GrpcServing } from './serving.js'
import { submit, submitAll } from './submit.js'
import { dateOf, partsOf } from './times.js'
import { ProgressView, stateOfStatus, statusOfState, summaryView, taskView } from './views.js'

const PAGE = 100
const PAGE_MAX = 500
const WATCHED_MAX = 500

const CANCELLED: Readonly<Record<string, CancelOutcome>> = {
  cancelled: 'CANCEL_OUTCOME_CANCELLED',
  cancelling: 'CANCEL_OUTCOME_CANCELLING',
  ended: 'CANCEL_OUTCOME_ENDED',
}

export function gatewayHandlers(calls: Calls, serving: GrpcServing): GatewayHandlers {
  const { clock, link } = serving
  const find = async ({ rights }: Asked, id: string, story = false): Promise<TaskField> => {
    const [task] = await link.for(rights).ask((client) => client.get([id], { story }))
    return known(task, id)
  }

  async function* watch(
    ids: readonly string[],
    withLogs: boolean,
    { signal, rights }: Asked,
  ): AsyncGenerator<TaskProgress> {
    const own = link.for(rights)
    const found = await own.ask((client) => client.get(ids))
    const views = new Map(ids.map((id) => [id, new ProgressView(id, withLogs)]))
    for (const id of ids)
      known(
        found.find((task) => task.id === id),
        id,
      )
    const events = await own.use(async (client) => client.watch(ids, { signal }))
    for await (const event of events) {
      const told = views.get(event.id)?.next(event, clock.now().wallMs)
      if (told !== undefined) yield told
    }
  }

  return {
    SubmitTask: calls.unary('submit', async (spec, asked) => {
      const { id, state, unserved } = await submit(serving, spec, asked)
      return { taskId: id, acceptedAt: partsOf(clock.now().wallMs), status: statusOfState(state), unserved }
    }),

    SubmitTasks: calls.clientStream('submit', (specs, asked) => submitAll(serving, specs, asked)),

    SubscribeProgress: calls.serverStream('read', ({ taskId, withLogs }, asked) => watch([taskId], withLogs, asked)),

    WatchTasks: calls.serverStream('read', ({ taskIds, withLogs }, asked) => {
      const ids = [...new Set(taskIds)]
      if (ids.length === 0 || ids.length > WATCHED_MAX) {
        throw new DtrError('bad_input', `task_ids: are ${ids.length}, and must be 1 to ${WATCHED_MAX}`)
      }
      return watch(ids, withLogs, asked)
    }),

    GetTask: calls.unary('read', async ({ taskId, withAttempts }, asked) =>
      taskView(await find(asked, taskId, withAttempts)),
    ),

    ListTasks: calls.unary(
      'read',
      async ({ statuses, names, queues, createdSince, createdBefore, ...page }, { rights }) => {
        const query = {
          states: listed(statuses.map(stateOf)),
          types: listed(names),
          queues: listed(queues),
          since: dateOf(createdSince),
          before: dateOf(createdBefore),
        }
        const limit = page.pageSize || PAGE
        if (limit > PAGE_MAX) throw new DtrError('bad_input', `page_size: ${limit} is more than ${PAGE_MAX}`)
        const { tasks, next } = await link
          .for(rights)
          .ask((client) => client.page(query, { limit, after: page.pageToken || undefined }))
        return { tasks: tasks.map(summaryView), nextPageToken: next ?? '' }
      },
    ),

    CancelTask: calls.unary('submit', async ({ taskId }, { rights }) => {
      const [outcome] = await link.for(rights).ask((client) => client.cancel([taskId]))
      const { status, state } = known(outcome, taskId)
      return {
        ...{ taskId, outcome: CANCELLED[status] ?? 'CANCEL_OUTCOME_UNSPECIFIED' },
        ...(state !== undefined && { status: statusOfState(state) }),
      }
    }),

    HealthCheck: calls.unary('open', () => healthOf(serving, 'Gateway')),
  }
}

function stateOf(status: TaskStatus): TaskState {
  const state = stateOfStatus(status)
  if (state !== undefined) return state
  throw new DtrError('bad_input', `statuses: ${status} is none of a task`)
}

function listed<Item>(items: readonly Item[]): readonly Item[] | undefined {
  return items.length === 0 ? undefined : items
}
