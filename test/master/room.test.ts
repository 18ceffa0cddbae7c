// A disk that is nearly full, as the machine and its log tell of it (P4, P24).
import t from 'tap'
import { openStore } from '../../src/store/open.js'
import type { Store } from '../../src/store/store.js'
import { Stage } from './stage.js'

t.test(
  'what was accepted ends, and the log says once that new tasks are refused, once that they are not',
  async (t) => {
    const roomy = await openStore({ kind: 'memory', limits: { pendingMax: 100 } })
    let short = false
    const store: Store = Object.assign(Object.create(roomy) as Store, {
      apply: async (batch: Parameters<Store['apply']>[0]) => {
        return { ...(await roomy.apply(batch)), ...(short && { short }) }
      },
      get: (ids: readonly string[]) => roomy.get(ids),
      counts: () => roomy.counts(),
    })
    const stage = await Stage.open({ store })
    const worker = await stage.worker('w1')
    const client = stage.connect('client', 'client#1')
    const [id] = stage.submit(client, [{}])
    await stage.settle()
    short = true
    const [{ lease } = { lease: '' }] = stage.assigned(worker)
    stage.say(worker, { type: 'results', list: [{ id: id!, lease, outcome: 'completed', result: '1' }] })
    await stage.settle()
    t.match(await stage.task(id!), { state: 'completed' })
    stage.say(client, { type: 'cancel-tasks', re: 2, ids: [id!] })
    await stage.settle()
    t.equal(stage.logs.filter((text) => /nearly full/.test(text)).length, 1)
    short = false
    stage.submit(client, [{}])
    await stage.settle()
    t.equal(stage.logs.filter((text) => /has room again/.test(text)).length, 1)
  },
)
