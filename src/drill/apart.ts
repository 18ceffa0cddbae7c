// Clusters in two networks, so that all that goes between them passes through a relay: the master dials its workers, as one
// that scans has it, or clients, and workers that join, dial their master.
import type { Settings } from '../config.js'
import type { Places } from './cluster.js'
import { makeNamespace } from './namespace.js'
import { LOOPBACK, Relay } from './relay.js'
import type { Stage } from './stage.js'

const WORKERS = 3
const SLOTS = 4

/** Workers are dialled through the relay. */
export function workersApart(stage: Stage): Promise<Relay> {
  const { via } = makeNamespace(stage.reaper)
  const dialled = ({ workerPorts }: Settings): readonly number[] =>
    Array.from({ length: WORKERS }, (_, index) => workerPorts.first + index)
  return start(stage, via, dialled, (name) => (name === 'master' ? {} : { via }))
}

/** The master is dialled through it, by the client as well. */
export function masterApart(stage: Stage): Promise<Relay> {
  const { via } = makeNamespace(stage.reaper)
  const dialled = ({ port }: Settings): readonly number[] => [port]
  return start(stage, via, dialled, (name, { port }) =>
    name === 'master' ? { via } : { settings: { join: `${LOOPBACK}:${port}` } },
  )
}

async function start(
  stage: Stage,
  via: readonly string[],
  dialled: (settings: Settings) => readonly number[],
  places: Places,
): Promise<Relay> {
  const seed = stage.chance.between(0, 2 ** 31)
  const relays: Relay[] = []
  const prepare = async (settings: Settings): Promise<void> => {
    relays.push(await Relay.start({ via, ports: dialled(settings), reaper: stage.reaper, seed }))
  }
  await stage.start({ workers: WORKERS, slots: SLOTS, places, prepare })
  return relays[0]!
}
