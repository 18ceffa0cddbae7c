// Another master of the same cluster, without its data: it has no business here, and courts a worker all the same. One that has
// a master refuses it; it says nothing to one that takes it, and is gone after a while.
import { WORKER_MESSAGES } from '../../src/protocol/messages.js'
import { dialFrom } from './dialling.js'
import { HOST } from './network.js'
import type { Random } from './random.js'
import type { Scene } from './scene.js'
import type { WorkerLife } from './worker.js'

const REDIAL_MS = 1_000

export class Rival {
  constructor(
    private readonly scene: Scene,
    private readonly random: Random,
  ) {}

  court(worker: WorkerLife, ms: number): void {
    const { scene } = this
    const name = `rival-${this.random.bits()}`
    const process = scene.process(scene.computer(name, 1), name)
    scene.tell({ kind: 'fault', what: `${name} courts ${worker.incarnation} for ${Math.round(ms)} ms` })
    const leave = (): void => process.die()
    scene.timeline.after(ms, leave)
    const dial = async (): Promise<void> => {
      const result = await dialFrom(process, scene.network, {
        ...{ host: HOST, port: worker.port, connectMs: 300, expect: 'worker' },
        identity: { role: 'master', incarnation: name, key: scene.key },
        accepts: WORKER_MESSAGES,
      })
      if (scene.healed) return leave()
      if (result.kind === 'connected') result.connection.open({ messages: () => {}, closed: () => {} })
      process.clock.wakeAt(process.clock.now().monoMs + REDIAL_MS, () => void dial())
    }
    process.deliver(() => void dial())
  }
}
