// One cluster in a world of its own: computers, network, disk, master, workers, clients, and all that is known of them
// from outside. The truth about users' code stands here, and not what the cluster believes of it.
import type { Log, LogEntry } from '../../src/log.js'
import { type ClusterKey, readKey } from '../../src/protocol/key.js'
import type { Happening } from './happenings.js'
import { Computer, Process } from './machine.js'
import { Network } from './network.js'
import type { Plan } from './plan.js'
import { Random } from './random.js'
import type { Breach } from './run.js'
import { Timeline } from './timeline.js'
import { Trace } from './trace.js'

export class Scene {
  readonly timeline = new Timeline()
  readonly random: Random
  readonly network: Network
  readonly trace: Trace
  readonly key: ClusterKey = readKey('0'.repeat(64))
  /** That of the master. */
  readonly home: Computer
  /** Faults are over, and everything must end. */
  healed = false
  #pids = 100

  constructor(
    readonly plan: Plan,
    keepTrace: boolean,
    /** Whoever holds the cluster to its promises. */
    private readonly watch: (happening: Happening, scene: Scene) => void,
  ) {
    this.random = new Random(plan.seed ^ 0x5eed)
    this.network = new Network(this.timeline, this.random.fork(), plan.network)
    this.trace = new Trace(keepTrace)
    this.home = this.computer('home', 1)
  }

  computer(id: string, rate: number): Computer {
    const random = this.random.fork()
    return new Computer(this.timeline, random, id, rate, random.whole(1_000, 1_000_000))
  }

  process(computer: Computer, name: string): Process {
    this.#pids += 1
    return new Process(computer, name, this.#pids)
  }

  tell(happening: Happening): void {
    this.trace.add(this.timeline.now, happening)
    this.watch(happening, this)
  }

  breach({ promise, what }: Breach): void {
    this.note(`BREACH     ${promise}: ${what}`)
  }

  note(text: string): void {
    this.trace.note(this.timeline.now, text)
  }

  log(name: string): Log {
    const write = ({ level, text }: LogEntry): void => this.trace.log(this.timeline.now, name, level, text)
    return {
      tellsDebug: true,
      write,
      error: (text) => write({ level: 'error', text }),
      warn: (text) => write({ level: 'warn', text }),
      info: (text) => write({ level: 'info', text }),
      debug: (text) => write({ level: 'debug', text }),
      close: async () => {},
    }
  }
}
