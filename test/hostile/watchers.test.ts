// P23: a task that tells without end, watched by readers that never read, costs host, worker and master a bounded amount;
// P25: the others' work goes on.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { WITNESS_TASKS } from '../processes/cluster.js'
import { startScene } from './bystander.js'
import { MEMORY_MIB_MAX, memoryOf, Peer } from './peer.js'

const TELLING = join(import.meta.dirname, '../../../test/fixtures/tasks/telling.mjs')
const READERS = 50
/** Of a process in which a line of 8 MiB is made and let go of, again and again. */
const HOST_MIB_MAX = 400

t.test('a million reports and lines of 8 MiB, before 50 watchers that never read', async (t) => {
  const scene = await startScene(t, { tasks: [WITNESS_TASKS, TELLING], environment: { DTR_SLOTS: '2' } })
  const { client, key, masterPort: port, master, worker, cluster } = scene
  const gate = join(cluster.folder, 'gate')
  const flood = await client.submit<number>('flood', { gate, reports: 1_000_000, lines: 20 })
  for (let n = 0; n < READERS; n += 1) {
    const reader = await Peer.proven(t, key, { port, role: 'client' })
    reader.say({ type: 'watch', re: 1, ids: [flood.id], live: true })
    await reader.next('watching', 0)
    reader.socket.pause()
  }
  writeFileSync(gate, '')
  const hostMib = (await flood.result()) / 1024 ** 2
  const [log] = await client.logs(flood.id)
  const bytes = Buffer.byteLength(log!.text)
  t.ok(bytes <= 65_536 && bytes > 65_536 - 4, `${bytes}`)
  t.ok(log!.text.endsWith('the end\n'))
  t.ok(log!.skipped > 20 * 8 * 1024 ** 2 - 65_536)
  await scene.bystander.wentOn(t)
  for (const [who, { pid }] of Object.entries({ master, worker })) {
    const { peak } = memoryOf(pid)
    t.comment(`${who}: at most ${peak} MiB`)
    t.ok(peak <= MEMORY_MIB_MAX, `${who}: ${peak} MiB`)
  }
  t.ok(hostMib <= HOST_MIB_MAX, `host: ${hostMib} MiB`)
  t.ok(scene.allAlive())
})
