import t from 'tap'
import { processRows } from '../../src/cli/processes.js'
import type { RunRecord } from '../../src/net/run-file.js'

const startedAt = '2026-01-01T00:00:00.000Z'
const host = '127.0.0.1'
const records: RunRecord[] = [
  { name: 'worker-10', role: 'worker', pid: 10, host, port: 5001, incarnation: 'worker-10#a', startedAt },
  {
    ...{ name: 'worker-2', role: 'worker', pid: 2, host, port: 5000, incarnation: 'worker-2#a', startedAt },
    hosts: [{ pid: 20, state: 'ready' }],
  },
  { name: 'master', role: 'master', pid: 1, host, port: 4999, incarnation: 'master#a', startedAt },
  { name: 'launcher', role: 'launcher', pid: 9, startedAt },
]

const workerOf = (name: string, incarnation: string, address: string, hostPid = 78) => ({
  ...{ name, incarnation, address, state: 'ready' as const, pid: 77, memoryBytes: 60 },
  hosts: [{ pid: hostPid, state: 'ready', memoryBytes: 90 }],
  ...{ hostname: 'h', version: '1', slots: 1, running: 0, types: [], completed: 0, failed: 0, heardMsAgo: 0 },
})
const master = { incarnation: 'master#a', pid: 1, address: '', version: '1', upMs: 1, state: 'ready' }

t.test('without a master: what lives here, in order, hosts as rows of their own', async (t) => {
  t.same(
    processRows(records, undefined).map(({ name, role, pid, port, state }) => [name, role, pid, port, state]),
    [
      ['launcher', 'launcher', 9, null, 'running'],
      ['master', 'master', 1, 4999, 'silent'],
      ['worker-2', 'worker', 2, 5000, 'alone'],
      ['worker-10', 'worker', 10, 5001, 'alone'],
      ['worker-2/host-1', 'host', 20, null, 'ready'],
    ],
  )
})

t.test('the roster adds states, and workers of other machines', async (t) => {
  const workers = [workerOf('worker-2', 'worker-2#a', '127.0.0.1:5000', 20), workerOf('far', 'far#a', '10.0.0.2:5000')]
  const rows = processRows(records, { master, workers })
  t.match(
    rows.find(({ name }) => name === 'worker-2'),
    { state: 'ready', pid: 2, memoryBytes: 60 },
  )
  t.match(
    rows.find(({ name }) => name === 'worker-2/host-1'),
    { pid: 20, memoryBytes: 90 },
  )
  t.match(
    rows.find(({ name }) => name === 'worker-10'),
    { state: 'alone', memoryBytes: null },
  )
  t.match(
    rows.find(({ name }) => name === 'far'),
    { role: 'worker', host: '10.0.0.2', port: 5000 },
  )
  t.match(
    rows.find(({ name }) => name === 'far/host-1'),
    { role: 'host', pid: 78, memoryBytes: 90 },
  )
})
