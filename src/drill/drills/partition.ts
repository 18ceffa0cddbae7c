// One direction of the network to a worker is gone: it hears the master and is not heard. Neither port nor process tells
// the master that it is dead, so that the leases alone keep its tasks from running twice.
import { formatDuration } from '../../config.js'
import type { Drill } from '../drill.js'
import { makeNamespace, type Namespace } from '../namespace.js'
import { needs } from '../needs.js'
import type { Stage } from '../stage.js'
import { within } from '../verdicts.js'

const FAR = 'worker-3'
const MARGIN_MS = 1_500
/** From the last deadline to the signal that ends the code. */
const END_MARGIN_MS = 250

export const partition: Drill = {
  name: 'partition',
  promises: ['P1', 'P6', 'P7', 'P9', 'P17'],
  summary: 'a worker in a network of its own is heard no more, though it hears; later the network is mended',
  needs: [needs.proc, needs.root, needs.ip],
  async run(stage) {
    const namespace = makeNamespace()
    try {
      await play(stage, namespace)
    } finally {
      namespace.remove()
    }
  },
}

async function play(stage: Stage, { address, via, cut, mend }: Namespace): Promise<void> {
  const { cluster } = await stage.start({ workers: 2, slots: 2, settings: { hosts: ['127.0.0.1', address] } })
  await cluster.startWorkers([FAR], { via, settings: { bind: address, plaintext: true } })
  await stage.untilReady([FAR])
  stage.saw(`${FAR} is ready at ${address}, in a network of its own`)
  const { lease, heartbeat, codeDead } = stage.settings
  await stage.submit(6, { ms: 50, firstMs: lease + 5_000 })
  await stage.until(`${FAR} to be busy`, () => stage.livesAt(FAR).length === 2)
  stage.stream(200, { ms: [20, 100] })
  const victim = await stage.victim(1, [FAR])
  const tasks = new Set(victim.lives.map(({ lease }) => lease))
  const atMs = stage.inject(`nothing that ${FAR} sends arrives any more, while it runs ${tasks.size} tasks`, cut)
  const goneMs = (await stage.untilState(victim, ['gone', 'lost'])) - atMs
  stage.measure('given up after', goneMs)
  const words = `given up after a silence of ${formatDuration(lease)}, no earlier`
  stage.judge(within('P7', words, goneMs, lease + heartbeat + MARGIN_MS, lease - heartbeat))
  const lastMs = Math.max(...stage.signs.filter((sign) => tasks.has(sign.lease)).map((sign) => sign.atMs)) - atMs
  stage.measure('last sign of life of its code after', lastMs)
  stage.judge(within('P7', `its code had ended within ${formatDuration(codeDead)}`, lastMs, codeDead + END_MARGIN_MS))
  mend()
  stage.heal('the network is mended')
  await stage.untilReady([FAR])
  stage.saw(`${FAR} is at work again`)
  await stage.settle()
}
