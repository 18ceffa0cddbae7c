// What a client says and asks again, as scenarios of its pure machine.
import t from 'tap'
import { type ClientEffect, type ClientEvent, ClientMachine } from '../../src/client/machine.js'
import { specOf } from '../../src/client/spec.js'
import type { ClientMessage, MasterToClient, TaskField } from '../../src/protocol/messages.js'

/** A machine on a clock of its own, and what it wants sent. */
class Stage {
  readonly machine = new ClientMachine()
  at = 1_000
  #tickets = 0

  step(event: ClientEvent): readonly ClientEffect[] {
    return this.machine.step({ monoMs: this.at, wallMs: 0 }, event)
  }

  submit(id: number, payload: unknown = 1, busyUntil?: number): number {
    this.#tickets += 1
    const task = specOf('echo', payload, {}, idOf(id))
    const limit = busyUntil === undefined ? {} : { busyUntil }
    this.step({ kind: 'submit', request: { ticket: this.#tickets, task, ...limit } })
    return this.#tickets
  }

  /** What leaves now. */
  said(kind: 'tick' | 'connected' = 'tick'): ClientMessage[] {
    return this.step({ kind }).flatMap((effect) => (effect.kind === 'send' ? [effect.message] : []))
  }

  hear(...messages: MasterToClient[]): readonly ClientEffect[] {
    return this.step({ kind: 'messages', messages })
  }
}

function idOf(number: number): string {
  return `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`
}

function reOf(message: ClientMessage | undefined): number {
  return message !== undefined && 're' in message ? (message.re ?? 0) : 0
}

type Status = Extract<MasterToClient, { type: 'accepted' }>['list'][number]

function accepted(message: ClientMessage | undefined, status: Partial<Status> = {}): MasterToClient {
  const list = message?.type === 'submit' ? message.list : []
  return {
    type: 'accepted',
    re: reOf(message),
    list: list.map(({ id }) => ({ id, status: 'accepted', ...status })),
    unserved: [],
  }
}

function taskField(id: string, state: TaskField['state']): TaskField {
  return {
    ...{ id, state, queue: 'default', type: 'echo', payload: '1', encoding: 'json', priority: 0 },
    ...{ createdAt: 0, runAt: 0, attempt: 1, uncharged: 0, suspect: false, cancelRequested: false },
    ...(state === 'completed' && { result: '7', resultEncoding: 'json' as const }),
  }
}

const idsOf = (message: ClientMessage | undefined): readonly string[] =>
  message?.type === 'submit' ? message.list.map(({ id }) => id) : message && 'ids' in message ? message.ids : []

t.test('submits of one turn leave in one message; nothing leaves without a connection', async (t) => {
  const stage = new Stage()
  stage.submit(1)
  t.equal(stage.machine.nextDeadline(stage.at), undefined)
  t.same(stage.said(), [])
  t.same(stage.said('connected').map(idsOf), [[idOf(1)]])
  stage.submit(2)
  stage.submit(3)
  t.equal(stage.machine.nextDeadline(stage.at), stage.at)
  t.same(stage.said().map(idsOf), [[idOf(2), idOf(3)]])
})

t.test('P2: an unanswered submit is sent again, first and under the same id, after a reconnect', async (t) => {
  const stage = new Stage()
  stage.said('connected')
  const ticket = stage.submit(1)
  stage.said()
  stage.step({ kind: 'closed' })
  stage.submit(2)
  const [again] = stage.said('connected')
  t.same(idsOf(again), [idOf(1), idOf(2)])
  const effects = stage.hear(accepted(again, { status: 'existing', state: 'running' }))
  t.match(effects[0], { kind: 'submitted', ticket, status: 'existing', state: 'running' })
  t.same(stage.said(), [{ type: 'get', re: 3, ids: [idOf(1), idOf(2)] }], 'its end may have been told to nobody')
})

t.test('an end is told once, also where it stands right behind the acknowledgement', async (t) => {
  const stage = new Stage()
  stage.said('connected')
  stage.submit(1)
  const [submit] = stage.said()
  const ended: MasterToClient = { type: 'ended', list: [{ id: idOf(1), state: 'completed', result: '7' }] }
  t.same(
    stage.hear(accepted(submit), ended, ended).map(({ kind }) => kind),
    ['submitted', 'ended'],
  )
})

t.test('the end of what was submitted untold is awaited by nobody, and asked for by who follows it', async (t) => {
  const stage = new Stage()
  stage.said('connected')
  const task = { ...specOf('echo', 1, {}, idOf(1)), untold: true }
  stage.step({ kind: 'submit', request: { ticket: 1, task } })
  stage.hear(accepted(stage.said()[0]))
  stage.step({ kind: 'closed' })
  t.same(stage.said('connected'), [], 'nothing to ask for')
  stage.step({ kind: 'follow', id: idOf(1) })
  const [get] = stage.said()
  t.same(idsOf(get), [idOf(1)])
  stage.hear({ type: 'tasks', re: reOf(get), list: [taskField(idOf(1), 'running')], more: false })
  t.match(stage.said(), [{ type: 'watch', ids: [idOf(1)] }])
  const ended: MasterToClient = { type: 'ended', list: [{ id: idOf(1), state: 'completed', result: '7' }] }
  t.match(stage.hear(ended), [{ kind: 'ended', end: { id: idOf(1) } }])
})

t.test('after a reconnect each awaited task is asked for by pages; what others submitted is watched', async (t) => {
  const stage = new Stage()
  stage.said('connected')
  stage.submit(1)
  stage.hear(accepted(stage.said()[0]))
  for (let id = 2; id <= 600; id += 1) stage.step({ kind: 'follow', id: idOf(id) })
  stage.step({ kind: 'closed' })
  const [first, ...none] = stage.said('connected')
  t.same(none, [], 'one page at a time')
  t.equal(idsOf(first).length, 500)
  const list = [taskField(idOf(1), 'running'), taskField(idOf(2), 'completed'), taskField(idOf(3), 'pending')]
  const effects = stage.hear({ type: 'tasks', re: reOf(first), list, more: true })
  t.same(effects, [{ kind: 'ended', end: { id: idOf(2), state: 'completed', result: '7', encoding: 'json' } }])
  const [watch, next] = stage.said()
  t.same(watch, { type: 'watch', re: reOf(watch), ids: [idOf(3)] }, 'of its own it is told without asking')
  t.equal(idsOf(next)[0], idOf(501))
  t.same(stage.hear({ type: 'watching', re: reOf(watch), unknown: [idOf(3)] }), [{ kind: 'unknown', id: idOf(3) }])
  const unknown = stage.hear({ type: 'tasks', re: reOf(next), list: [], more: false })
  t.equal(unknown.length, 500)
  t.match(unknown[0], { kind: 'unknown', id: idOf(501) })
})

t.test('P24: busy stops the outbox until the time that was named, for as long as the caller wants', async (t) => {
  const stage = new Stage()
  stage.said('connected')
  stage.submit(1)
  const bounded = stage.submit(2, 1, stage.at + 100)
  t.same(stage.hear(accepted(stage.said()[0], { status: 'busy', retryAfterMs: 700 })), [])
  t.equal(stage.machine.nextDeadline(stage.at), stage.at + 700)
  t.same(stage.said(), [])
  stage.at += 700
  const [again] = stage.said()
  t.same(idsOf(again), [idOf(1), idOf(2)])
  const effects = stage.hear(accepted(again, { status: 'busy' }))
  t.match(effects, [{ kind: 'submit-refused', ticket: bounded, error: { code: 'busy' } }])
})

t.test('of an answer that is brief the ids are accepted, and the list has the others', async (t) => {
  const stage = new Stage()
  stage.said('connected')
  for (const id of [1, 2, 3]) stage.submit(id)
  const [submit] = stage.said()
  t.match(submit, { brief: true })
  const list: Status[] = [{ id: idOf(2), status: 'existing', state: 'running' }]
  const effects = stage.hear({ type: 'accepted', re: reOf(submit), list, ids: [idOf(1), idOf(3)], unserved: ['echo'] })
  t.match(effects, [
    { kind: 'submitted', ticket: 1, id: idOf(1), status: 'accepted', state: 'pending', unserved: true },
    { kind: 'submitted', ticket: 2, id: idOf(2), status: 'existing', state: 'running' },
    { kind: 'submitted', ticket: 3, id: idOf(3), status: 'accepted', state: 'pending' },
  ])
})

t.test('a conflict is final; one id in two calls never stands twice in one message', async (t) => {
  const stage = new Stage()
  stage.said('connected')
  const first = stage.submit(1, 'a')
  const second = stage.submit(1, 'b')
  const [one, other] = stage.said()
  t.same([one, other].map(idsOf), [[idOf(1)], [idOf(1)]])
  t.match(stage.hear(accepted(one)), [{ kind: 'submitted', ticket: first }])
  t.match(stage.hear(accepted(other, { status: 'conflict' })), [
    { kind: 'submit-refused', ticket: second, error: { code: 'conflict' } },
  ])
})

t.test('what is unanswered stays within the window of bytes', async (t) => {
  const stage = new Stage()
  for (let id = 1; id <= 8; id += 1) stage.submit(id, 'x'.repeat(1_000_000))
  const [message, ...more] = stage.said('connected')
  t.same(more, [])
  t.equal(idsOf(message).length, 3)
  t.equal(stage.machine.nextDeadline(stage.at), undefined)
  stage.hear(accepted(message))
  t.equal(idsOf(stage.said()[0]).length, 3)
})

t.test('a request is answered once, asked again after a reconnect, and its failure is an error', async (t) => {
  const stage = new Stage()
  stage.step({ kind: 'request', ticket: 7, request: { type: 'cancel-tasks', ids: [idOf(1)] } })
  stage.submit(1)
  t.same(
    stage.said('connected').map(({ type }) => type),
    ['submit', 'cancel-tasks'],
    'a cancel never overtakes the submit that it is about',
  )
  stage.step({ kind: 'closed' })
  const [, cancel] = stage.said('connected')
  const answer: MasterToClient = {
    type: 'cancelled-tasks',
    re: reOf(cancel),
    list: [{ id: idOf(1), status: 'cancelled' }],
  }
  t.match(stage.hear(answer, answer), [{ kind: 'answered', ticket: 7 }])
  stage.step({ kind: 'request', ticket: 8, request: { type: 'status' } })
  const [status] = stage.said()
  t.match(stage.hear({ type: 'unsupported', re: reOf(status), what: 'status' }), [
    { kind: 'request-failed', ticket: 8, error: { code: 'unsupported' } },
  ])
})

t.test('a submit that was not sent can be withdrawn, one that was cannot', async (t) => {
  const stage = new Stage()
  const ticket = stage.submit(1)
  t.same(stage.step({ kind: 'withdraw', ticket }), [{ kind: 'withdrawn', ticket }])
  t.same(stage.said('connected'), [])
  const sent = stage.submit(2)
  stage.said()
  t.same(stage.step({ kind: 'withdraw', ticket: sent }), [])
  stage.step({ kind: 'closed' })
  t.same(stage.step({ kind: 'withdraw', ticket: sent }), [], 'nor after a loss: the master may have it')
  t.same(stage.said('connected').map(idsOf), [[idOf(2)]])
})

t.test('P24: a question that a busy master refuses is asked again at its time, the others wait with it', async (t) => {
  const stage = new Stage()
  stage.said('connected')
  stage.step({ kind: 'request', ticket: 1, request: { type: 'status' } })
  const [first] = stage.said()
  const busy = { type: 'error', re: reOf(first), code: 'busy', message: 'too many', retryAfterMs: 300 } as const
  t.same(stage.hear(busy), [])
  stage.step({ kind: 'request', ticket: 2, request: { type: 'status' } })
  t.equal(stage.machine.nextDeadline(stage.at), stage.at + 300)
  stage.at += 299
  t.same(stage.said(), [])
  stage.at += 1
  const again = stage.said()
  t.equal(again.length, 2)
  t.ok(again.every((message) => reOf(message) > reOf(first)))
})

t.test('16 questions are open at a time, the next goes when one was answered', async (t) => {
  const stage = new Stage()
  stage.said('connected')
  for (let ticket = 1; ticket <= 20; ticket += 1) stage.step({ kind: 'request', ticket, request: { type: 'status' } })
  const asked = stage.said()
  t.equal(asked.length, 16)
  t.equal(stage.machine.nextDeadline(stage.at), undefined)
  stage.hear({ type: 'error', re: reOf(asked[0]), code: 'store_failed', message: 'no' })
  t.equal(stage.said().length, 1)
})

t.test('a retry whose answer is lost is not asked again: it would be one more start of the code', async (t) => {
  const stage = new Stage()
  stage.said('connected')
  const ids = [idOf(1)]
  stage.step({ kind: 'request', ticket: 1, request: { type: 'retry-tasks', ids } })
  stage.step({ kind: 'request', ticket: 2, request: { type: 'cancel-tasks', ids } })
  t.equal(stage.said().length, 2)
  stage.step({ kind: 'request', ticket: 3, request: { type: 'retry-tasks', ids } })
  const lost = stage.step({ kind: 'closed' })
  t.match(lost, [{ kind: 'request-failed', ticket: 1, error: { code: 'unreachable', hint: /some may have been/ } }])
  t.equal(lost.length, 1)
  t.match(stage.said('connected'), [{ type: 'cancel-tasks' }, { type: 'retry-tasks' }], 'one that was not sent is')
})
