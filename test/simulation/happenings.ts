// What can be seen from outside: what took effect on disk, what left the master, what users' code did, what clients were
// told. The checkers see nothing else, and nothing of what the cluster believes.
import type { TaskEnd } from '../../src/client/task-end.js'
import type { Message, PullEndingField } from '../../src/protocol/messages.js'
import type { Batch, Outcome, TaskWithStory } from '../../src/store/store.js'
import type { Process } from './machine.js'
import type { MasterLife } from './master.js'
import type { WorkerLife } from './worker.js'

/** One execution of a task's code, as it really was. */
export interface Run {
  readonly taskId: string
  readonly leaseId: string
  readonly attempt: number
  readonly worker: WorkerLife
  readonly host: Process
  readonly beganAt: number
  endedAt: number | undefined
  /** What it was told that an attempt before it kept. */
  readonly checkpoint: string | undefined
}

/** One execution by a worker that pulls. */
export interface Pulled {
  readonly taskId: string
  readonly leaseId: string
  readonly attempt: number
  readonly holder: string
}

/** A task as the store has it. */
export type Row = TaskWithStory

export type Happening =
  /** One transaction; `before` and `after` hold the tasks that it changed, `rows` all as they are now. */
  | {
      readonly kind: 'applied'
      readonly batch: Batch
      readonly outcome: Outcome
      readonly before: ReadonlyMap<string, Row>
      readonly after: ReadonlyMap<string, Row>
      /** As they were before it. */
      readonly forgotten: ReadonlyMap<string, Row>
      readonly rows: ReadonlyMap<string, Row>
      readonly by: MasterLife
    }
  /** The master gives it to the disk, for the first time. */
  | { readonly kind: 'taken'; readonly batch: Batch; readonly by: MasterLife }
  /** It left the master for a worker or a client. */
  | { readonly kind: 'said'; readonly by: MasterLife; readonly to: string; readonly message: Message }
  | { readonly kind: 'began'; readonly run: Run }
  | { readonly kind: 'ended'; readonly run: Run; readonly how: string }
  | { readonly kind: 'aborted'; readonly run: Run; readonly reason: string }
  /** By a worker that pulls. */
  | ({ readonly kind: 'pull-began' } & Pulled)
  /** It was told so; without a lease where it had named none. */
  | {
      readonly kind: 'pull-settled'
      readonly taskId: string
      readonly leaseId: string | undefined
      readonly ending: PullEndingField['outcome']
      readonly status: 'recorded' | 'stale' | 'cancelled'
    }
  /** Its code wants it kept; later it is told that it was. `n`: so many of this run. */
  | { readonly kind: 'keeps'; readonly run: Run; readonly n: number; readonly value: string }
  | { readonly kind: 'kept'; readonly run: Run; readonly n: number }
  | { readonly kind: 'submitted'; readonly client: string; readonly id: string }
  | { readonly kind: 'accepted'; readonly client: string; readonly id: string }
  | { readonly kind: 'refused'; readonly client: string; readonly id: string; readonly code: string }
  | { readonly kind: 'told-end'; readonly client: string; readonly end: TaskEnd }
  | { readonly kind: 'unknown'; readonly client: string; readonly id: string }
  | { readonly kind: 'cancels'; readonly client: string; readonly id: string }
  | { readonly kind: 'cancelled'; readonly client: string; readonly id: string; readonly status: string }
  | { readonly kind: 'retries'; readonly client: string; readonly id: string }
  | { readonly kind: 'retried'; readonly client: string; readonly id: string; readonly status: string }
  | { readonly kind: 'reloaded'; readonly client: string; readonly worker: string; readonly status: string }
  | { readonly kind: 'master-started'; readonly master: MasterLife }
  | { readonly kind: 'master-ended'; readonly master: MasterLife; readonly code: number | undefined }
  | { readonly kind: 'worker-started'; readonly worker: WorkerLife }
  /** With a master; `leaves`: it had another one, which it had heard within 5 s. */
  | {
      readonly kind: 'registers'
      readonly worker: WorkerLife
      readonly master: string
      readonly leaves: string | undefined
    }
  | { readonly kind: 'worker-drains'; readonly worker: WorkerLife }
  /** At once: a second signal. */
  | { readonly kind: 'worker-stops'; readonly worker: WorkerLife }
  /** No code: it was killed. */
  | { readonly kind: 'worker-ended'; readonly worker: WorkerLife; readonly code: number | undefined }
  /** `byItself`: neither its worker nor its watchdog ended it. */
  | { readonly kind: 'host-ended'; readonly worker: WorkerLife; readonly host: Process; readonly byItself: boolean }
  /** It came from a worker, and the master has it. */
  | { readonly kind: 'heard'; readonly by: MasterLife; readonly from: string; readonly messages: readonly Message[] }
  | { readonly kind: 'fault'; readonly what: string }
  | { readonly kind: 'healed' }
  /** Every task has ended, and who waits for it knows; or the time for that is over. */
  | { readonly kind: 'over'; readonly inTime: boolean; readonly rows: ReadonlyMap<string, Row> }

export type Applied = Extract<Happening, { kind: 'applied' }>

/** Tasks that a person sent back with this batch. */
export function retriedBy({ batch, outcome }: Applied): ReadonlySet<string> {
  const retried = batch.operations.flatMap((operation, index) => {
    const result = outcome.operations[index]!
    return operation.kind === 'retry' && result.kind === 'retry' && result.status === 'retried'
      ? [operation.taskId]
      : []
  })
  return new Set(retried)
}

/** Empty for what is not worth a line. */
export function lineOf(happening: Happening): string {
  switch (happening.kind) {
    case 'heard':
    case 'taken':
    case 'host-ended':
    case 'registers':
      return ''
    case 'applied':
      return `disk       batch of ${happening.by.incarnation}${happening.batch.retried ? ', once more' : ''}: ${batchLine(happening.batch, happening.outcome)}`
    case 'said':
      if (happening.message.type === 'heard') return ''
      return `master     > ${happening.to}: ${messageLine(happening.message)}`
    case 'began':
    case 'ended':
    case 'aborted':
    case 'keeps':
    case 'kept':
      return runLine(happening)
    case 'pull-began':
      return `CODE       began ${happening.taskId} attempt ${happening.attempt} lease ${happening.leaseId} at ${happening.holder}`
    case 'pull-settled':
      return `CODE       ${happening.ending} ${happening.taskId} lease ${happening.leaseId}: ${happening.status}`
    case 'told-end':
      return `${happening.client}   hears: ${happening.end.id} ${happening.end.state}`
    case 'submitted':
    case 'accepted':
    case 'unknown':
    case 'cancels':
    case 'retries':
      return `${happening.client}   ${happening.kind} ${happening.id}`
    case 'refused':
      return `${happening.client}   refused ${happening.id}: ${happening.code}`
    case 'cancelled':
      return `${happening.client}   cancel of ${happening.id}: ${happening.status}`
    case 'retried':
      return `${happening.client}   retry of ${happening.id}: ${happening.status}`
    case 'reloaded':
      return `${happening.client}   reload of ${happening.worker}: ${happening.status}`
    case 'master-started':
      return `${happening.master.incarnation} starts`
    case 'master-ended':
      return `${happening.master.incarnation} ends: ${happening.code ?? 'killed'}`
    case 'worker-started':
      return `${happening.worker.incarnation} starts at port ${happening.worker.port}`
    case 'worker-drains':
      return `${happening.worker.incarnation} is told to drain`
    case 'worker-stops':
      return `${happening.worker.incarnation} is told to end at once`
    case 'worker-ended':
      return `${happening.worker.incarnation} ends: ${happening.code ?? 'killed'}`
    case 'fault':
      return `FAULT      ${happening.what}`
    case 'healed':
      return 'HEALED     nothing goes wrong from here on'
    case 'over':
      return happening.inTime ? 'OVER' : 'OVER       not in time'
  }
}

function runLine(happening: Extract<Happening, { run: Run }>): string {
  const { taskId, leaseId, attempt, worker } = happening.run
  const how =
    happening.kind === 'ended'
      ? `: ${happening.how}`
      : happening.kind === 'aborted'
        ? `: ${happening.reason}`
        : numberOf(happening)
  return `CODE       ${happening.kind} ${taskId} attempt ${attempt} lease ${leaseId} at ${worker.incarnation}${how}`
}

function numberOf(happening: Extract<Happening, { run: Run }>): string {
  return 'n' in happening ? `: checkpoint ${happening.n}` : ''
}

function batchLine({ operations, claims }: Batch, outcome: Outcome): string {
  const did = operations.map((operation, index) => {
    const { kind, ...result } = outcome.operations[index]!
    const what = 'taskId' in operation ? operation.taskId : 'incarnation' in operation ? operation.incarnation : ''
    const lease = 'leaseId' in operation ? ` ${operation.leaseId}` : ''
    const ending = operation.kind === 'settle' ? ` ${operation.ending.kind}` : ''
    const id = operation.kind === 'submit' ? operation.task.id : what
    const status = 'status' in result ? result.status : 'live' in result ? `live ${result.live.length}` : ''
    const state = 'state' in result ? ` (${result.state})` : ''
    return `${kind} ${id}${lease}${ending}: ${status}${state}`
  })
  const granted = outcome.claims.flatMap(({ grants }) =>
    grants.map(({ taskId, leaseId, holder }) => `grant ${taskId} ${leaseId} to ${holder}`),
  )
  const offers = claims.reduce((sum, claim) => sum + claim.offers.length, 0)
  return [...did, ...granted, ...(offers > 0 ? [`${offers} offered`] : [])].join('; ')
}

function messageLine(message: Message): string {
  const list = (message as { list?: readonly { id?: string; lease?: string }[] }).list ?? []
  return `${message.type} ${list.map(({ id, lease }) => id ?? lease ?? '').join(' ')}`
}
