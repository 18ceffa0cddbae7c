// Networks beside that of the machine: one that is nothing but a loopback of its own, and one with a cable to the machine
// that loses what it is told to lose.
import { spawnSync } from 'node:child_process'
import { DtrError } from '../errors.js'
import type { Reaper } from './reaper.js'

export interface Namespace {
  /** Starts a command in it. */
  readonly via: readonly string[]
}

/** Seen from the namespace: `in` is what is sent to it. */
export type Lost = 'in' | 'out'

export interface CabledNamespace extends Namespace {
  /** Of those that live in it. */
  readonly address: string
  /** From now on nothing of these directions arrives, and nobody is told so. */
  lose(...directions: readonly Lost[]): void
  mend(): void
  /** The machine has another address at this cable: what was sent to the old one is nobody's. */
  moveMachine(): void
}

/** Several drills may run in one process. */
let count = 0

/** @throws DtrError `unsupported` where there can be none */
export function makeNamespace(reaper: Reaper): Namespace {
  const { via } = make(reaper)
  return { via }
}

/** @throws DtrError `unsupported` where there can be none */
export function makeCabledNamespace(reaper: Reaper): CabledNamespace {
  const { name, via, index } = make(reaper)
  // A network for private use, of eight addresses.
  const address = (host: number): string => `10.213.${process.pid % 256}.${8 * (index % 32) + host}`
  const [network, machine, moved, inner] = [`${address(0)}/29`, `${address(1)}/29`, `${address(2)}/29`, address(3)]
  must(['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name])
  must(['ip', 'addr', 'add', machine, 'dev', name])
  must(['ip', 'link', 'set', name, 'up'])
  must([...via, 'ip', 'addr', 'add', `${inner}/29`, 'dev', 'eth0'])
  must([...via, 'ip', 'link', 'set', 'eth0', 'up'])
  // What comes in for this network itself is looked up here, first of all: room is made before it.
  must([...via, 'ip', 'rule', 'add', 'pref', '100', 'lookup', 'local'])
  must([...via, 'ip', 'rule', 'del', 'pref', '0'])
  const rules: Readonly<Record<Lost, readonly string[]>> = {
    in: ['iif', 'eth0'],
    // What begins here comes from the loopback, as the system sees it.
    out: ['iif', 'lo', 'to', network],
  }
  let lost: readonly Lost[] = []
  const change = (verb: 'add' | 'del', directions: readonly Lost[]): void => {
    for (const direction of directions)
      must([...via, 'ip', 'rule', verb, 'pref', '10', ...rules[direction], 'blackhole'])
  }
  return {
    ...{ via, address: inner },
    lose: (...directions) => {
      change('add', directions)
      lost = [...lost, ...directions]
    },
    mend: () => {
      change('del', lost)
      lost = []
    },
    moveMachine: () => {
      must(['ip', 'addr', 'del', machine, 'dev', name])
      must(['ip', 'addr', 'add', moved, 'dev', name])
    },
  }
}

function make(reaper: Reaper): Namespace & { readonly name: string; readonly index: number } {
  count += 1
  // Names of devices have at most 15 characters.
  const name = `dtr${process.pid}-${count}`
  const via = ['ip', 'netns', 'exec', name]
  reaper.undo('ip', 'netns', 'del', name)
  must(['ip', 'netns', 'add', name])
  must([...via, 'ip', 'link', 'set', 'lo', 'up'])
  return { name, via, index: count }
}

function must([command = '', ...args]: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return
  throw new DtrError('unsupported', `${[command, ...args].join(' ')}: ${(stderr ?? '').trim() || 'failed'}`)
}
