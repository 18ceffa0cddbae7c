// P23: what a master holds in memory is bounded, whatever its peers do or leave undone; P25: the others' work goes on.
import t from 'tap'
import { startScene } from './bystander.js'
import { MEMORY_MIB_MAX, memoryOf, Peer } from './peer.js'

const MIB = 1024 * 1024
t.test('100 readers that never read', async (t) => {
  const scene = await startScene(t)
  const { client, key, masterPort: port, master } = scene
  const payload = { key: 'x'.repeat(MIB - 200), ms: 0, witness: '/dev/null' }
  const large = await Promise.all(Array.from({ length: 4 }, () => client.submit('work', payload)))
  await Promise.all(large.map((handle) => handle.result()))
  t.comment(`before: ${JSON.stringify(memoryOf(master.pid))} MiB`)
  const ids = large.map(({ id }) => id)
  const readers: Peer[] = []
  for (let n = 0; n < 100; n += 1) {
    const reader = await Peer.proven(t, key, { port, role: 'client' })
    reader.socket.pause()
    for (let re = 1; re <= 8; re += 1) reader.say({ type: 'get', re, ids })
    readers.push(reader)
  }
  await scene.bystander.wentOn(t)
  const { peak } = memoryOf(master.pid)
  t.comment(`100 readers that never read: at most ${peak} MiB`)
  t.ok(peak <= MEMORY_MIB_MAX, `${peak} MiB`)
  t.ok(scene.allAlive())
})

t.test('40 peers that never end their line', async (t) => {
  const scene = await startScene(t)
  const { key, masterPort: port, master } = scene
  const begun = Buffer.alloc(8 * MIB - 10, `{"type":"status","pad":"${'x'.repeat(1_000)}`)
  const talkers = []
  for (let n = 0; n < 40; n += 1) {
    const talker = await Peer.proven(t, key, { port, role: 'client' })
    talkers.push(talker)
    await talker.write(begun)
  }
  await scene.bystander.wentOn(t)
  const { peak } = memoryOf(master.pid)
  t.comment(`40 lines of 8 MiB without an end: at most ${peak} MiB`)
  t.ok(peak <= MEMORY_MIB_MAX, `${peak} MiB`)
  t.ok(scene.allAlive())
})
