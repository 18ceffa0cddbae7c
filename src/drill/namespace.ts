// A network of its own for one process: a namespace with a cable to this machine, which can be cut.
import { spawnSync } from 'node:child_process'
import { DtrError } from '../errors.js'

export interface Namespace {
  /** Of the process in it, as this machine sees it. */
  readonly address: string
  /** Starts a command in it. */
  readonly via: readonly string[]
  /** Nothing of it gets out any more; what is sent to it still gets in. */
  cut(): void
  mend(): void
  remove(): void
}

/** @throws DtrError `unsupported` where there can be none */
export function makeNamespace(): Namespace {
  // Names of devices have at most 15 characters; the network is one for private use.
  const name = `dtr${process.pid}`
  const network = `10.213.${process.pid % 256}`
  const [outer, inner] = [`${network}.1`, `${network}.2`]
  const within = ['ip', 'netns', 'exec', name]
  const remove = (): void => void spawnSync('ip', ['netns', 'del', name])
  try {
    must(['ip', 'netns', 'add', name])
    must(['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name])
    must(['ip', 'addr', 'add', `${outer}/30`, 'dev', name])
    must(['ip', 'link', 'set', name, 'up'])
    must([...within, 'ip', 'addr', 'add', `${inner}/30`, 'dev', 'eth0'])
    must([...within, 'ip', 'link', 'set', 'eth0', 'up'])
    must([...within, 'ip', 'link', 'set', 'lo', 'up'])
  } catch (error) {
    remove()
    throw error
  }
  return {
    ...{ address: inner, via: within, remove },
    cut: () => must([...within, 'ip', 'route', 'add', 'blackhole', `${outer}/32`]),
    mend: () => must([...within, 'ip', 'route', 'del', 'blackhole', `${outer}/32`]),
  }
}

function must([command = '', ...args]: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return
  throw new DtrError('unsupported', `${[command, ...args].join(' ')}: ${(stderr ?? '').trim() || 'failed'}`)
}
