// P15 as the tasks themselves saw it: one slot, a backlog over two types, and the order in which their code began.
import t from 'tap'
import { Cluster } from './cluster.js'

t.test('priority first, then submission, whatever the type; a delayed task does not hold up the rest', async (t) => {
  const cluster = await Cluster.create(t)
  await cluster.master()
  const client = await cluster.client()
  const backlog = Array.from({ length: 40 }, (_, index) => ({
    key: String(index),
    type: index % 3 === 0 ? 'deaf' : 'work',
    priority: (index * 7) % 4,
  }))
  const submit = (type: string, key: string, options: { priority?: number; delay?: string }) =>
    client.submit(type, { key, ms: 0, witness: cluster.witnessFile }, options)
  const late = await submit('work', 'late', { priority: 100, delay: '30s' })
  const handles = []
  for (const { key, type, priority } of backlog) handles.push(await submit(type, key, { priority }))
  await cluster.worker('w1')
  await Promise.all(handles.map((handle) => handle.result()))
  const expected = backlog.toSorted((a, b) => b.priority - a.priority).map(({ key }) => key)
  const starts = cluster.witness().filter(({ what }) => what === 'start')
  t.same(
    starts.map(({ key }) => key),
    expected,
  )
  await late.cancel()
})
