// The client of a gateway as a key for some task types may use it: tasks of other types are as if they were not there. The
// gateway itself came with the secret, so the master would tell it, and do for it, everything.
import type { Client } from '../client/client.js'
import type { TaskQuery } from '../client/query.js'
import { DtrError } from '../errors.js'

/** The same client, but that all workers for which it speaks came with this key. */
export function workingWith(keyId: string, client: Client): Client {
  const pull = client.pull.withKey(keyId)
  return new Proxy(client, {
    get(target, name) {
      if (name === 'pull') return pull
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** What is not named here is nothing that such a key can ask for. */
export function limitedTo(types: readonly string[], client: Client): Client {
  const seen = async (ids: readonly string[]): Promise<ReadonlySet<string>> => {
    const tasks = await client.get(ids)
    return new Set(tasks.flatMap(({ id, type }) => (types.includes(type) ? [id] : [])))
  }
  const only = (query: TaskQuery): TaskQuery => {
    const asked = query.types === undefined ? types : [query.types].flat()
    return { ...query, types: asked.filter((type) => types.includes(type)) }
  }
  const foreign = async (id: string): Promise<boolean> => !(await seen([id])).has(id)
  const limited: Limited = {
    submit: (...given) => client.submit(...given),
    task: (id) => client.task(id),
    metrics: () => client.metrics(),
    get: async (ids, options) => (await client.get(ids, options)).filter(({ type }) => types.includes(type)),
    page: (query, page) => client.page(only(query ?? {}), page),
    failures: (query) => client.failures(only(query ?? {})),
    logs: async (id) => ((await foreign(id)) ? [] : client.logs(id)),
    async *watch(ids, options) {
      const asked = typeof ids === 'string' ? [ids] : ids
      const known = await seen(asked)
      const unknown = asked.find((id) => !known.has(id))
      if (unknown !== undefined) throw new DtrError('not_found', `no task ${unknown} is known`)
      yield* client.watch(ids, options)
    },
    cancel: (ids) => each(ids, seen, (known) => client.cancel(known)),
    retry: (ids) => each(ids, seen, (known) => client.retry(known)),
    async status() {
      const status = await client.status()
      return {
        ...status,
        counts: status.counts.filter(({ type }) => types.includes(type)),
        unserved: status.unserved.filter((type) => types.includes(type)),
      }
    },
    pull: {
      register: (...given) => client.pull.register(...given),
      claim: (...given) => client.pull.claim(...given),
      async beat(worker, { tasks = [] } = {}) {
        const known = tasks.length === 0 ? new Set() : await seen(tasks.map(({ id }) => id))
        const heard = await client.pull.beat(worker, { tasks: tasks.filter(({ id }) => known.has(id)) })
        return { ...heard, lost: [...heard.lost, ...tasks.flatMap(({ id }) => (known.has(id) ? [] : [id]))] }
      },
      renew: async (worker, task) => ((await foreign(task.id)) ? undefined : client.pull.renew(worker, task)),
      settle: async (worker, ending) => ((await foreign(ending.id)) ? 'stale' : client.pull.settle(worker, ending)),
      checkpoint: async (worker, task) => ((await foreign(task.id)) ? 'stale' : client.pull.checkpoint(worker, task)),
    } satisfies Partial<Client['pull']> as unknown as Client['pull'],
  }
  return limited as Client
}

type Limited = Pick<
  Client,
  | 'submit'
  | 'task'
  | 'metrics'
  | 'get'
  | 'page'
  | 'failures'
  | 'logs'
  | 'watch'
  | 'cancel'
  | 'retry'
  | 'status'
  | 'pull'
>

/** Of those that are not there `unknown` is told, in the order asked for. */
async function each<Told extends { readonly id: string; readonly status: string }>(
  ids: readonly string[],
  seen: (ids: readonly string[]) => Promise<ReadonlySet<string>>,
  act: (ids: readonly string[]) => Promise<readonly Told[]>,
): Promise<readonly Told[]> {
  const known = await seen(ids)
  const told = new Map((await act(ids.filter((id) => known.has(id)))).map((one) => [one.id, one]))
  return ids.map((id) => told.get(id) ?? ({ id, status: 'unknown' } as unknown as Told))
}
