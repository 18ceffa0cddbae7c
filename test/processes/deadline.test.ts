// The three time limits with real processes: of a run, of a wait, and of the whole life of a task (P13).
import t from 'tap'
import { TaskFailedError, type TaskHandle } from '../../src/index.js'
import { Cluster, until } from './cluster.js'

/** Of the error that it ended with. */
async function codeOf(handle: TaskHandle): Promise<string | undefined> {
  try {
    await handle.result()
    return undefined
  } catch (error) {
    return error instanceof TaskFailedError ? error.attemptError?.code : String(error)
  }
}

t.test(
  'a deadline ends code without end and what waits behind it, once and for all; expires what waits only',
  async (t) => {
    const cluster = await Cluster.create(t)
    const { client } = await cluster.start(1, ['--kill-grace', '500ms'])
    const payload = { witness: cluster.witnessFile, ms: 0 }
    const spinning = await client.submit('spin', { ...payload, key: 'spin' }, { deadline: '7s', expires: '5s' })
    await until('it to run', () => cluster.witness().some(({ what }) => what === 'alive'))
    const waits = await client.submit('work', { ...payload, key: 'waits' }, { deadline: '500ms' })
    const expires = await client.submit('work', { ...payload, key: 'expires' }, { expires: '500ms', deadline: '1h' })
    const after = await client.submit('work', { ...payload, key: 'after' }, { deadline: '1h' })

    t.equal(await codeOf(waits), 'deadline')
    t.equal(await codeOf(expires), 'expired')
    t.equal(await codeOf(spinning), 'deadline')
    t.same(await after.result(), { key: 'after' }, 'the slot is free')
    const [spun, waited] = await client.get([spinning.id, waits.id], { story: true })
    t.match(spun, { state: 'failed', attempt: 1, story: [{ outcome: 'failed', error: { code: 'deadline' } }] })
    t.match(waited, { state: 'failed', attempt: 0, story: [] })
    const began = new Set(cluster.witness().flatMap(({ what, key }) => (what === 'start' ? [key] : [])))
    t.same(began, new Set(['spin', 'after']))
    const told = cluster.run(['get', spinning.id])
    await told.ended
    t.match(told.stdout, /failed for good: its deadline was over/)
  },
)
