// A beanstalkd of the benchmark's own, with its binlog in a folder of its own and a sync after each write to it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import jackd, { type JackdClient } from 'jackd'
import { freePort } from '../free-port.js'
import { Missing } from '../system.js'

const POLL_MS = 10
const HOST = '127.0.0.1'

/** Exported as the module itself, which its types do not know. */
const Client = jackd as unknown as new () => JackdClient

export function beanstalkdClient(port: number): Promise<JackdClient> {
  return new Client().connect({ host: HOST, port })
}

export class Beanstalkd {
  static version(): string {
    return spawnSync('beanstalkd', ['-v'], { encoding: 'utf8' }).stdout.trim()
  }

  static async start(): Promise<Beanstalkd> {
    if (spawnSync('beanstalkd', ['-v']).status !== 0) throw new Missing('beanstalkd is missing (Debian: beanstalkd)')
    const port = await freePort()
    const folder = mkdtempSync(join(tmpdir(), 'dtr-bench-beanstalkd-'))
    const child = spawn('beanstalkd', ['-l', HOST, '-p', `${port}`, '-b', folder, '-f0'], { stdio: 'ignore' })
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`beanstalkd ended with ${child.exitCode}`)
      await pause(POLL_MS)
    }
    return new Beanstalkd(child, port, folder)
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

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, HOST)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
