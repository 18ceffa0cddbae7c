// P14 with a client that is not there any more: what it said before it died counts.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Cluster, until } from './cluster.js'

const LIBRARY = fileURLToPath(new URL('../../src/index.js', import.meta.url))
/** Says it, waits for no answer, and is gone once it has left: by then nothing but the kernel has it. */
const CANCEL_AND_DIE = `
  import { setImmediate } from 'node:timers/promises'
  const { connect } = await import(process.argv[1])
  const client = await connect({ data: process.argv[2] })
  client.cancel(process.argv.slice(3)).catch(() => {})
  for (let turn = 0; turn < 5; turn += 1) await setImmediate()
  process.kill(process.pid, 'SIGKILL')
`

t.test('a client that dies right after it cancelled: nothing starts, and code without end ends', async (t) => {
  const cluster = await Cluster.create(t)
  const { client } = await cluster.start(1, ['--kill-grace', '500ms'])
  const payload = { witness: cluster.witnessFile, ms: 0 }
  const spinning = await client.submit('spin', { ...payload, key: 'spin' })
  await until('it to run', () => cluster.witness().some(({ what }) => what === 'alive'))
  const waiting = await client.submit('work', { ...payload, key: 'waits' })

  const args = ['--input-type=module', '-e', CANCEL_AND_DIE, LIBRARY, cluster.data, spinning.id, waiting.id]
  const dying = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [, signal] = (await once(dying, 'close')) as [number | null, string | null]
  t.equal(signal, 'SIGKILL')

  await t.rejects(waiting.result(), { code: 'cancelled' }, 'who submitted them is told')
  await t.rejects(spinning.result(), { code: 'cancelled' })
  const after = await client.submit('work', { ...payload, key: 'after' })
  t.same(await after.result(), { key: 'after' }, 'its slot is free')
  const signs = cluster.witness()
  const next = signs.findIndex(({ what, key }) => what === 'start' && key === 'after')
  t.ok(signs.findLastIndex(({ what }) => what === 'alive') < next, 'and its code was dead by then')
  t.notOk(
    signs.some(({ key }) => key === 'waits'),
    'it never started',
  )
})
