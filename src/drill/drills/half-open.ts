// One end of a connection vanishes with its machine: no FIN, no reset, no port that refuses. What is left is half open,
// and only silence tells.
import { formatDuration } from '../../config.js'
import { sendSignal } from '../cluster.js'
import type { Drill } from '../drill.js'
import { livesOf } from '../history.js'
import { judgeReturn } from '../master-back.js'
import { makeCabledNamespace } from '../namespace.js'
import { needs } from '../needs.js'
import { within } from '../verdicts.js'

const FAR = 'worker-3'
/** Between the end of a lease and a client that hears of it. */
const MARGIN_MS = 1_500

export const halfOpenWorker: Drill = {
  name: 'half-open-worker',
  promises: ['P1', 'P6', 'P7', 'P9', 'P17'],
  summary: 'a worker vanishes with its network, without a FIN; later another one is there',
  needs: [needs.proc, needs.root, needs.ip],
  foreign: true,
  async run(stage) {
    const { address, via, lose, mend } = makeCabledNamespace(stage.reaper)
    const far = { via, settings: { bind: address, plaintext: true } }
    const { cluster } = await stage.start({
      ...{ workers: 3, slots: 2, settings: { hosts: ['127.0.0.1', address] } },
      places: (name) => (name === FAR ? far : {}),
    })
    await stage.submit(60, { ms: [100, 400] })
    stage.stream(50, { ms: [20, 100] })
    const victim = await stage.victim(1, [FAR])
    const pids = [victim.pid, ...cluster.hostsOf(victim.name)]
    const exit = cluster.exit(victim.name)
    const ran = `while it ran ${victim.lives.length} tasks`
    const atMs = stage.inject(`${victim.name} and its network are gone (kill -9, no FIN), ${ran}`, () => {
      lose('in', 'out')
      for (const pid of pids) sendSignal(pid, 'SIGKILL')
    })
    await exit
    const goneMs = (await stage.untilState(victim, ['gone', 'lost'])) - atMs
    stage.measure('given up after', goneMs)
    const { lease, heartbeat } = stage.settings
    const words = `given up after a silence of ${formatDuration(lease)}, no earlier`
    stage.judge(within('P7', words, goneMs, lease + heartbeat + MARGIN_MS, lease - heartbeat))
    mend()
    await cluster.startWorkers([FAR])
    stage.heal(`another process as ${FAR}, and its network`)
    await stage.untilReady([FAR])
    await stage.settle()
  },
}

export const halfOpenMaster: Drill = {
  name: 'half-open-master',
  promises: ['P1', 'P2', 'P6', 'P7', 'P8', 'P9', 'P17'],
  summary: 'the master vanishes without a FIN and is back at another address; workers hold on to what is gone',
  needs: [needs.proc, needs.root, needs.ip],
  foreign: true,
  async run(stage) {
    const { address, via, lose, mend, moveMachine } = makeCabledNamespace(stage.reaper)
    const far = { via, settings: { bind: address, plaintext: true } }
    const { cluster } = await stage.start({
      ...{ workers: 2, slots: 4, realTimers: true, settings: { hosts: [address] } },
      places: (name) => (name === 'master' ? {} : far),
    })
    const workers = cluster.names.filter((name) => name !== 'master')
    stage.saw(`${workers.join(' and ')} are ready at ${address}, in a network of their own`)
    await stage.submit(8, { ms: 50, firstMs: 10_000 })
    await stage.until('all to be busy', () => workers.every((name) => stage.livesAt(name).length === 4))
    stage.stream(50, { ms: [20, 100] })
    const running = livesOf(stage.signs).filter(({ ended }) => !ended)
    const pid = cluster.pidOf('master')
    const exit = cluster.exit('master')
    const atMs = stage.inject(
      `the master (pid ${pid}) is gone with its address, while ${running.length} tasks ran`,
      () => {
        lose('in', 'out')
        sendSignal(pid, 'SIGKILL')
      },
    )
    await exit
    moveMachine()
    mend()
    await cluster.startMaster()
    stage.heal('another master on the same folder, at another address')
    await judgeReturn(stage, atMs, running)
  },
}
