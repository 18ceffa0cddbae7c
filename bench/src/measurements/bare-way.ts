// The way of one task and nothing else: client, master, its store, worker and host pass a line on, unread, and the store
// writes a row each time. What dtr takes beyond that it takes itself; what this takes is the machine's, which wakes a
// process or a thread for each step.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { oneByOne, PAYLOAD } from '../system.js'
import type { PartSettings } from './bare-way-part.js'

const PART = fileURLToPath(new URL('./bare-way-part.js', import.meta.url))

export interface BareWay {
  /** A thread for the file and a process for the tasks, as in dtr; else the master writes and the worker runs. */
  readonly apart: boolean
  /** Tasks, after as many to warm up. */
  readonly count: number
}

/** @returns how long each task took, in milliseconds */
export async function bareWay({ apart, count }: BareWay): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'dtr-bench-way-'))
  const parts: ChildProcess[] = []
  const start = async (settings: PartSettings): Promise<unknown> => {
    const part = fork(PART, [JSON.stringify(settings)])
    parts.push(part)
    const [said] = await once(part, 'message')
    return said
  }
  try {
    const ports = (await start({ role: 'master', apart, file: join(folder, 'way.db') })) as AddressInfo['port'][]
    await start({ role: 'worker', apart, port: ports[1]! })
    const socket = connect(ports[0]!, '127.0.0.1').setNoDelay(true)
    await once(socket, 'connect')
    const line = `${JSON.stringify(PAYLOAD)}\n`
    const one = async (): Promise<void> => {
      const back = once(socket, 'data')
      socket.write(line)
      await back
    }
    await oneByOne(count, one)
    const took = await oneByOne(count, one)
    socket.destroy()
    return took
  } finally {
    const exits = parts.map((part) => (part.exitCode === null ? once(part, 'exit') : undefined))
    for (const part of parts) part.kill('SIGKILL')
    await Promise.all(exits)
    rmSync(folder, { recursive: true })
  }
}
