// Who listens on the ports of this machine, where /proc tells (Linux). Of another user's processes only the port is seen.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface PortHolder {
  readonly port: number
  readonly pid: number | undefined
  /** The program and what it was told, cut to a line. */
  readonly program: string | undefined
}

const LISTENING = '0A'
const PROGRAM_CHARS_MAX = 80

/** None where the system does not tell. */
export function portHolders(isAsked: (port: number) => boolean): readonly PortHolder[] | undefined {
  const inodes = new Map<string, number>()
  try {
    for (const line of ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(linesOf)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      const port = Number.parseInt(local.split(':')[1] ?? '', 16)
      if (state === LISTENING && isAsked(port)) inodes.set(inode, port)
    }
  } catch {
    return undefined
  }
  const pids = inodes.size === 0 ? new Map<string, number>() : pidsBySocket()
  const holders = new Map<number, PortHolder>()
  for (const [inode, port] of inodes) {
    const pid = pids.get(inode)
    holders.set(port, { port, pid, program: pid === undefined ? undefined : programOf(pid) })
  }
  return [...holders.values()].sort((one, other) => one.port - other.port)
}

function linesOf(file: string): readonly string[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(1)
}

/** Of several that share a socket, as a worker and its host do, the first. */
function pidsBySocket(): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const target of targetsOf(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
      if (inode !== undefined && !found.has(inode)) found.set(inode, Number(pid))
    }
  }
  return found
}

function targetsOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => {
      try {
        return readlinkSync(`${folder}/${name}`)
      } catch {
        return '' // Closed in this moment.
      }
    })
  } catch {
    return [] // Somebody else's process, or one that has ended.
  }
}

function programOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, PROGRAM_CHARS_MAX)
  } catch {
    return undefined
  }
}
