// The client over fake connections: what survives a reconnect, and what settles when it closes.
import t from 'tap'
import { Client } from '../../src/client/client.js'
import { systemClock } from '../../src/clock.js'
import type { Connection, ConnectionHandlers, DialResult } from '../../src/net/connection.js'
import { type ClusterKey, makeSecret, readKey } from '../../src/protocol/key.js'
import type { ClientMessage, MasterToClient, Message } from '../../src/protocol/messages.js'

/** A master that answers as the test says, on one connection after the other. */
class FakeMaster {
  readonly heard: ClientMessage[] = []
  readonly incarnations = new Set<string>()
  /** How the next dials end. */
  results: DialResult[] = []
  answer: (message: ClientMessage) => MasterToClient | undefined = () => undefined
  #handlers: ConnectionHandlers | undefined
  #waiting: (() => void)[] = []

  dial = async (options: { identity: { incarnation: string } }): Promise<DialResult> => {
    this.incarnations.add(options.identity.incarnation)
    return this.results.shift() ?? { kind: 'connected', connection: this.#connection() }
  }

  tell(...messages: MasterToClient[]): void {
    this.#handlers?.messages(messages)
  }

  cut(): void {
    this.#handlers?.closed('cut by the test', true)
  }

  /** Resolves when `count` messages of this type have been heard. */
  async untilHeard(type: ClientMessage['type'], count = 1): Promise<ClientMessage[]> {
    for (;;) {
      const found = this.heard.filter((message) => message.type === type)
      if (found.length >= count) return found
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #connection(): Connection {
    const peer = { role: 'master', incarnation: 'm', keyId: 'k', remote: 'r', local: 'l' } as const
    return {
      ...{ peer, queuedBytes: 0, flush: () => {}, destroy: () => {} },
      open: (handlers) => {
        this.#handlers = handlers
      },
      send: (message) => this.#hear(message),
      end: () => this.cut(),
    }
  }

  #hear(message: Message): void {
    this.heard.push(message as ClientMessage)
    for (const wake of this.#waiting.splice(0)) wake()
    const answer = this.answer(message as ClientMessage)
    if (answer !== undefined) queueMicrotask(() => this.tell(answer))
  }
}

const key: ClusterKey = readKey(makeSecret())

function clientOf(master: FakeMaster, limits: { connectMs?: number; reconnectMs?: number } = {}): Client {
  return new Client({
    identity: { role: 'client', incarnation: 'client#1', key },
    locate: () => ({ host: '127.0.0.1', port: 1 }),
    mayCome: () => true,
    dial: master.dial,
    clock: systemClock,
    random: Math.random,
    connectMs: limits.connectMs,
    reconnectMs: limits.reconnectMs,
  })
}

const accept = (message: ClientMessage): MasterToClient | undefined =>
  message.type === 'submit'
    ? {
        type: 'accepted',
        re: message.re,
        list: message.list.map(({ id }) => ({ id, status: 'accepted' })),
        unserved: ['nobody'],
      }
    : undefined

t.test('submits of one turn share a message, and each has its own result', async (t) => {
  const master = new FakeMaster()
  master.answer = accept
  const client = await clientOf(master).start()
  const handles = await Promise.all([client.submit('echo', 1), client.submit('nobody', 2)])
  t.equal(master.heard.length, 1)
  t.same(
    handles.map(({ unserved }) => unserved),
    [false, true],
  )
  const error = { code: 'timeout', message: 'too slow' }
  master.tell({
    type: 'ended',
    list: [
      { id: handles[0]!.id, state: 'completed', result: '{"a":1}' },
      { id: handles[1]!.id, state: 'failed', error },
    ],
  })
  t.same(await handles[0]!.result(), { a: 1 })
  await t.rejects(handles[1]!.result(), { name: 'TaskFailedError', code: 'timeout', taskId: handles[1]!.id })
  client.close()
})

t.test('without following it the end is not told, and asked for by whoever wants it after all', async (t) => {
  const master = new FakeMaster()
  master.answer = accept
  const client = await clientOf(master).start()
  const handle = await client.submit('echo', 1, { follow: false })
  t.match(master.heard, [{ type: 'submit', list: [{ id: handle.id, untold: true }] }])
  const result = handle.result()
  t.match(await master.untilHeard('get'), [{ ids: [handle.id] }])
  master.tell({ type: 'ended', list: [{ id: handle.id, state: 'completed', result: '7' }] })
  t.equal(await result, 7)
  client.close()
})

t.test('a lost connection: the unanswered submit and the awaited end survive it, under one incarnation', async (t) => {
  const master = new FakeMaster()
  master.answer = accept
  const client = await clientOf(master).start()
  const handle = await client.submit('echo', 1)
  master.answer = () => undefined
  const second = client.submit('echo', 2)
  await master.untilHeard('submit', 2)
  master.answer = (message) => {
    if (message.type !== 'get') return accept(message)
    return { type: 'tasks', re: message.re, list: [], more: false }
  }
  const before = handle.ended()
  master.cut()
  const submits = await master.untilHeard('submit', 3)
  t.same(submits[2]?.type === 'submit' && submits[2].list, submits[1]?.type === 'submit' && submits[1].list)
  await second
  await t.rejects(before, { code: 'not_found' }, 'the next master knows nothing of it')
  t.same([...master.incarnations], ['client#1'])
  client.close()
})

t.test('a signal takes back what was not answered, and cancels what was', async (t) => {
  const master = new FakeMaster()
  master.answer = accept
  const client = await clientOf(master).start()
  const abort = new AbortController()
  const handle = await client.submit('echo', 1, { signal: abort.signal })
  const unsent = new AbortController()
  const withdrawn = client.submit('echo', 2, { signal: unsent.signal })
  unsent.abort()
  await t.rejects(withdrawn, { code: 'cancelled' })
  abort.abort()
  t.match(await master.untilHeard('cancel-tasks'), [{ ids: [handle.id] }])
  await t.rejects(client.submit('echo', 3, { signal: abort.signal }), { name: 'AbortError' })
  client.close()
})

t.test('closing settles everything', async (t) => {
  const master = new FakeMaster()
  const client = await clientOf(master).start()
  const open = [client.submit('echo', 1), client.status(), client.task('t1').result()]
  client.close()
  for (const promise of open) await t.rejects(promise, { code: 'no_cluster', message: 'the client was closed' })
  await t.rejects(client.status(), { code: 'no_cluster' })
})

t.test('no master: no_cluster after its time; another secret: unauthorised at once', async (t) => {
  const silent = new FakeMaster()
  silent.results = Array.from({ length: 1_000 }, () => ({ kind: 'refused' }))
  await t.rejects(clientOf(silent, { connectMs: 0 }).start(), { code: 'no_cluster' })
  const other = new FakeMaster()
  other.results = [{ kind: 'unproven', why: 'wrong proof' }]
  await t.rejects(clientOf(other).start(), { code: 'unauthorised' })
})

t.test('a handshake that broke off says nothing of the secret: it is tried again', async (t) => {
  const master = new FakeMaster()
  master.results = [{ kind: 'broken', why: 'reset' }]
  const client = await clientOf(master).start()
  t.same(master.results, [], 'it was')
  client.close()
})

t.test('a master that does not come back in time is given up', async (t) => {
  const master = new FakeMaster()
  const client = await clientOf(master, { reconnectMs: 0 }).start()
  const status = client.status()
  await master.untilHeard('status')
  master.results = [{ kind: 'refused' }]
  master.cut()
  await t.rejects(status, { code: 'no_cluster', message: /no master answers/ })
})
