// Tools and rights that some drills need. What is missing is named, and the drill is skipped, not passed.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { faketimeLibrary } from './wall-clock.js'

export interface Need {
  readonly name: string
  /** What is missing and how to get it; none where it is there. */
  readonly missing: () => string | undefined
}

function command(name: string, debian: string): Need {
  const missing = (): string | undefined =>
    spawnSync('sh', ['-c', `command -v ${name}`]).status === 0 ? undefined : `${name} is missing (Debian: ${debian})`
  return { name, missing }
}

export const needs = {
  proc: { name: 'proc', missing: () => (existsSync('/proc/self/stat') ? undefined : 'there is no /proc') },
  root: { name: 'root', missing: () => (process.getuid?.() === 0 ? undefined : 'it must be run as root') },
  mount: command('mount', 'mount'),
  strace: command('strace', 'strace'),
  ip: command('ip', 'iproute2'),
  ss: command('ss', 'iproute2'),
  timeNamespace: { name: 'time namespaces', missing: missingTimeNamespaces },
  faketime: {
    name: 'faketime',
    missing: () => (faketimeLibrary() === undefined ? 'libfaketime is missing (Debian: faketime)' : undefined),
  },
} as const satisfies Record<string, Need>

/** The command itself must live in it, which only newer kernels see to, not just what it starts. */
function missingTimeNamespaces(): string | undefined {
  const ahead = 10_000_000
  const { stdout } = spawnSync('unshare', ['--time', '--boottime', String(ahead), 'cat', '/proc/uptime'], {
    encoding: 'utf8',
  })
  if (Number.parseFloat(stdout ?? '') > ahead) return undefined
  return 'time namespaces are missing (Linux 6 or later, root, and unshare of util-linux)'
}

export function whatIsMissing(wanted: readonly Need[]): string | undefined {
  for (const need of wanted) {
    const missing = need.missing()
    if (missing !== undefined) return missing
  }
  return undefined
}
