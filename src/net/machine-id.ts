// Which machine this is, for proof of death: only where worker and master share boot and network namespace does a refused
// port say that the process behind it is gone.
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

export function machineId(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}/${readlinkSync('/proc/self/ns/net')}`
  } catch {
    return hostname()
  }
}
