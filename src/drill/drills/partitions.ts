// A worker in a network of its own, of which one direction or both are lost without a word. Neither port nor process tells
// the master that it is dead, so that the leases alone keep its tasks from running twice.
import { formatDuration } from '../../config.js'
import type { Drill } from '../drill.js'
import { type Lost, makeCabledNamespace } from '../namespace.js'
import { needs } from '../needs.js'
import type { Stage } from '../stage.js'
import { within } from '../verdicts.js'

const FAR = 'worker-3'
/** Between the end of a lease and a client that hears of it. */
const MARGIN_MS = 1_500
/** From the last deadline to the signal that ends the code. */
const END_MARGIN_MS = 250

export const partition = losing('partition', 'a worker and the rest lose each other', ['in', 'out'])
export const partitionFrom = losing('partition-from-worker', 'a worker hears the master and is not heard', ['out'])
export const partitionTo = losing('partition-to-worker', 'a worker does not hear the master, which hears it', ['in'])

function losing(name: string, what: string, lost: readonly Lost[]): Drill {
  return {
    ...{ name, promises: ['P1', 'P6', 'P7', 'P9', 'P17'] },
    summary: `${what}, across two networks; later they are mended`,
    needs: [needs.proc, needs.root, needs.ip],
    foreign: true,
    run: (stage) => play(stage, what, lost),
  }
}

async function play(stage: Stage, what: string, lost: readonly Lost[]): Promise<void> {
  const { address, via, lose, mend } = makeCabledNamespace(stage.reaper)
  const far = { via, settings: { bind: address, plaintext: true } }
  await stage.start({
    ...{ workers: 3, slots: 2, settings: { hosts: ['127.0.0.1', address] } },
    places: (name) => (name === FAR ? far : {}),
  })
  stage.saw(`${FAR} is ready at ${address}, in a network of its own`)
  const { lease, heartbeat, codeDead } = stage.settings
  // Longer than the partition, so that only the partition ends it.
  await stage.submit(6, { ms: 50, firstMs: lease + 2 * heartbeat })
  await stage.until(`${FAR} to be busy`, () => stage.livesAt(FAR).length === 2)
  stage.stream(200, { ms: [20, 100] })
  const victim = await stage.victim(1, [FAR])
  const leases = new Set(victim.lives.map((life) => life.lease))
  const atMs = stage.inject(`${what}: ${FAR}, while it runs ${leases.size} tasks`, () => lose(...lost))
  const goneMs = (await stage.untilState(victim, ['gone', 'lost'])) - atMs
  stage.measure('given up after', goneMs)
  const words = `given up after a silence of ${formatDuration(lease)}, no earlier`
  // A beat may be under way, and one more may come through before an answer is missed.
  stage.judge(within('P7', words, goneMs, lease + 2 * heartbeat + MARGIN_MS, lease - heartbeat))
  const lastMs = Math.max(...stage.signs.filter((sign) => leases.has(sign.lease)).map((sign) => sign.atMs)) - atMs
  stage.measure('last sign of life of its code after', lastMs)
  stage.judge(within('P7', `its code had ended within ${formatDuration(codeDead)}`, lastMs, codeDead + END_MARGIN_MS))
  mend()
  stage.heal('the network is mended')
  await stage.untilReady([FAR])
  stage.saw(`${FAR} is at work again`)
  await stage.settle()
}
