// A bad network: all that goes to some ports of this machine passes through a process that cuts, resets, chops, delays
// and stalls it. The handshake holds both ends to the address that was dialled (PROTOCOL.md), so that nothing can stand
// between two processes of one network. Therefore those that are dialled live in a network of their own, with the same
// loopback address: whoever dials 127.0.0.1:4999 out here meets the relay, which dials 127.0.0.1:4999 in there.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { DtrError } from '../errors.js'
import { listeningFd } from '../net/ports.js'
import type { Reaper } from './reaper.js'

const PROGRAM = fileURLToPath(new URL('./relay-process.js', import.meta.url))
export const LOOPBACK = '127.0.0.1'

/** Least and most, both included. */
export type Range = readonly [least: number, most: number]
/** `in`: to those that live in the other network. */
export type Direction = 'in' | 'out'
export type CutBy = 'fin' | 'reset'

/** What connections go through; nothing of it, they are as good as others. */
export interface Weather {
  /** Each is cut after so many bytes of both directions, where that may fall. */
  readonly cutAfter?: Range
  /** Bytes that are passed on at a time, of the first of what comes together; each connection draws one of these. */
  readonly chunks?: readonly number[]
  /** Of all that is passed on. */
  readonly delayMs?: Range
  readonly stalled?: readonly Direction[]
  /** What there is is cut, and what comes is reset. */
  readonly down?: boolean
}

/** A connection that it has cut. */
export interface Cut {
  readonly by: CutBy
  readonly bytes: number
  /** In one of its directions the last byte was not the end of a line. */
  readonly midLine: boolean
}

/** What its process is given: the ports, whose listening sockets are its descriptors from the first on. */
export interface RelayGiven {
  readonly seed: number
  readonly ports: readonly number[]
}
export const RELAY_FIRST_FD = 4

export interface RelayOptions {
  /** Starts a command where the other ends are. */
  readonly via: readonly string[]
  readonly ports: readonly number[]
  readonly reaper: Reaper
  readonly seed: number
}

export class Relay {
  readonly cuts: Cut[] = []

  private constructor(private readonly process: ChildProcess) {
    process.on('message', (cut: Cut) => void this.cuts.push(cut))
    process.on('error', () => {})
  }

  /** Resolves when it listens. */
  static async start({ via, ports, reaper, seed }: RelayOptions): Promise<Relay> {
    const given: RelayGiven = { seed, ports }
    const servers = await Promise.all(ports.map(listenAt))
    const [command = '', ...args] = [...via, process.execPath, PROGRAM, JSON.stringify(given)]
    const child = spawn(command, args, {
      env: reaper.environment,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', ...servers.map(listeningFd)],
    })
    // It has its own hold on the sockets, and is alone with them.
    for (const server of servers) server.close()
    return new Relay(child)
  }

  set weather(weather: Weather) {
    if (!this.process.connected) throw new DtrError('internal', 'the relay of the drill has ended')
    this.process.send(weather)
  }
}

async function listenAt(port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).listen(port, LOOPBACK)
  await once(server, 'listening')
  return server
}
