// A Redis of the benchmark's own, with what it stores in a folder of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.js'
import { Missing } from '../system.js'

export interface RedisOptions {
  readonly appendfsync: 'always' | 'everysec'
}

export class Redis {
  static version(): string {
    const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' })
    return `Redis ${/v=([\d.]+)/.exec(stdout ?? '')?.[1] ?? 'unknown'}`
  }

  static async start({ appendfsync }: RedisOptions): Promise<Redis> {
    if (spawnSync('redis-server', ['--version']).status !== 0)
      throw new Missing('redis-server is missing (Debian: redis)')
    const port = await freePort()
    const folder = mkdtempSync(join(tmpdir(), 'dtr-bench-redis-'))
    const options = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'yes', appendfsync }
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`])
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => /Ready to accept/i.test(chunk.toString()) && resolve())
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)))
    })
    return new Redis(child, port, folder)
  }

  private constructor(
    readonly child: ChildProcess,
    readonly port: number,
    readonly folder: string,
  ) {}

  async end(): Promise<void> {
    const exited = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await exited
    rmSync(this.folder, { recursive: true, force: true })
  }
}
