// What a script that kills needs: every process of a cluster. The files in `.dtr/run` tell of those on this machine, also
// while the master is dead; the master's roster adds states, and workers elsewhere.

import { parseAddress } from '../net/address.js'
import type { RunRecord } from '../net/run-file.js'
import type { StatusReport } from '../protocol/messages.js'

export interface ProcessRow {
  readonly name: string
  readonly role: 'launcher' | 'master' | 'gateway' | 'worker' | 'host'
  readonly pid: number
  readonly host: string | null
  readonly port: number | null
  readonly state: string
}

type Report = Pick<StatusReport, 'master' | 'workers'>
const ORDER: readonly ProcessRow['role'][] = ['launcher', 'master', 'gateway', 'worker', 'host']

/** @param records of processes that live */
export function processRows(records: readonly RunRecord[], report: Report | undefined): readonly ProcessRow[] {
  const here = records.flatMap((record) => [
    ownRow(record, report),
    ...hostRows(record.name, record.host ?? null, record.hosts ?? []),
  ])
  const known = new Set(records.map(({ incarnation }) => incarnation))
  const elsewhere = (report?.workers ?? []).filter(
    ({ state, incarnation }) => state !== 'lost' && !known.has(incarnation),
  )
  const rows = [...here, ...elsewhere.flatMap(rosterRows)]
  return rows.sort(
    (one, other) => ORDER.indexOf(one.role) - ORDER.indexOf(other.role) || byNumber.compare(one.name, other.name),
  )
}

const byNumber = new Intl.Collator('en', { numeric: true })

function ownRow(record: RunRecord, report: Report | undefined): ProcessRow {
  const { name, role, pid, host = null, port = null, incarnation } = record
  const told = role === 'master' ? report?.master : report?.workers.find((worker) => worker.incarnation === incarnation)
  const state = told !== undefined && told.incarnation === incarnation ? told.state : UNTOLD[role]
  return { name, role, pid, host, port, state }
}

/** What is known of a process that lives and of which no master tells. */
const UNTOLD: Readonly<Record<RunRecord['role'], string>> = {
  launcher: 'running',
  master: 'silent',
  gateway: 'running',
  worker: 'alone',
}

type Hosts = NonNullable<RunRecord['hosts']>

function hostRows(worker: string, host: string | null, hosts: Hosts): readonly ProcessRow[] {
  return hosts.map(({ pid, state }, index) => ({
    name: `${worker}/host-${index + 1}`,
    role: 'host',
    pid,
    host,
    port: null,
    state,
  }))
}

function rosterRows(worker: Report['workers'][number]): readonly ProcessRow[] {
  const { name, pid, state, hosts } = worker
  const { host, port } = parseAddress(worker.address)
  return [{ name, role: 'worker', pid, host, port, state }, ...hostRows(name, host, hosts)]
}
