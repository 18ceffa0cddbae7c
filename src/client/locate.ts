// Where the master is: at an address that was given, or where its run file says. The file is read again at every
// reconnect, since the master may be back on another port.
import { DtrError } from '../errors.js'
import type { Address } from '../net/address.js'
import { type RunRecord, readRunFile, readRunFiles, runFolder } from '../net/run-file.js'

/** @throws DtrError `no_cluster` where no master has left its address */
export type Locate = () => Address

/** Whether a master that does not answer may do so soon. Where nothing of a cluster lives nobody needs to wait for it. */
export type MayCome = () => boolean

/** A gateway only waits itself: it brings no master. */
const bringsMaster = ({ role }: Pick<RunRecord, 'role'>): boolean => role !== 'gateway'

/** Of a cluster of which only the address is known nothing else can be told. */
export const mayComeAlways: MayCome = () => true

export function mayComeByRunFiles(folder: string): MayCome {
  return () => readRunFiles(runFolder(folder)).some(bringsMaster)
}

export const HOW_TO_START = 'start a cluster with: dtr start'

export function locateFixed(address: Address): Locate {
  return () => address
}

export function locateByRunFile(folder: string): Locate {
  return () => {
    const record = readRunFile(runFolder(folder), 'master')
    if (record?.host !== undefined && record.port !== undefined) {
      return { host: reachable(record.host), port: record.port }
    }
    throw new DtrError('no_cluster', `no master runs in ${folder}`, { hint: HOW_TO_START })
  }
}

/** A master that listens on every address is reached on this machine by loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}
