// A cluster of a test with workers in Python, examples/python-worker, beside a real master.
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Client } from '../../src/index.js'
import { ROOT } from '../package/packed.js'
import { Cluster, Process } from '../processes/cluster.js'

export const WORKER = join(ROOT, 'examples/python-worker/worker.py')
export const STUBBORN_TASKS = join(ROOT, 'test/fixtures/tasks/stubborn.py')

/** For tests that cannot be without it; a skip says so. */
export function missingPython(): string | false {
  const { status } = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))'])
  return status === 0 ? false : 'python3 (3.9 or later) is missing'
}

export class PythonCluster {
  private constructor(
    readonly cluster: Cluster,
    private readonly test: Test,
  ) {}

  static async create(t: Test): Promise<PythonCluster> {
    return new PythonCluster(await Cluster.create(t), t)
  }

  /** A master, and workers that are registered with it: `p1`, `p2`, ... */
  async start(
    workers: number,
    args: readonly string[] = [],
    masterArgs: readonly string[] = [],
  ): Promise<{ master: Process; workers: Process[]; client: Client }> {
    const master = await this.cluster.master(masterArgs)
    const names = Array.from({ length: workers }, (_, index) => `p${index + 1}`)
    const started = names.map((name) => this.worker(name, args))
    const client = await this.cluster.client()
    await this.cluster.untilReady(client, names)
    return { master, workers: started, client }
  }

  /** It is ended with the test, and all code with it. */
  worker(name: string, args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Process {
    const { data, folder, ports } = this.cluster
    const range = `${ports.first}-${ports.last}`
    const child = spawn('python3', [WORKER, '--id', name, '--data', data, '--worker-ports', range, ...args], {
      cwd: folder,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const started = new Process(child)
    this.test.teardown(async () => {
      if (started.end !== undefined) return
      started.kill('SIGCONT')
      started.kill()
      await started.ended
    })
    return started
  }
}
