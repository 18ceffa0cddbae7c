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
  /** As its worker told the master last. */
  readonly memoryBytes: number | null
}

type Report = Pick<StatusReport, 'master' | 'workers'>
const ORDER: readonly ProcessRow['role'][] = ['launcher', 'master', 'gateway', 'worker', 'host']

/** @param records of processes that live */
export function processRows(records: readonly RunRecord[], report: Report | undefined): readonly ProcessRow[] {
  const here = records.flatMap((record) => {
    const told = report?.workers.find(({ incarnation }) => incarnation === record.incarnation)
    const memory = new Map(told?.hosts.map(({ pid, memoryBytes }) => [pid, memoryBytes]))
    const hosts = (record.hosts ?? []).map((host) => ({ ...host, memoryBytes: memory.get(host.pid) }))
    return [ownRow(record, report), ...hostRows(record.name, record.host ?? null, hosts)]
  })
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
  const worker = report?.workers.find((worker) => worker.incarnation === incarnation)
  const told = role === 'master' ? report?.master : worker && { ...worker, state: shownState(worker) }
  const state = told !== undefined && told.incarnation === incarnation ? told.state : UNTOLD[role]
  return { name, role, pid, host, port, state, memoryBytes: worker?.memoryBytes ?? null }
}

/** What is known of a process that lives and of which no master tells. */
const UNTOLD: Readonly<Record<RunRecord['role'], string>> = {
  launcher: 'running',
  master: 'silent',
  gateway: 'running',
  worker: 'alone',
}

type Hosts = Report['workers'][number]['hosts']

function hostRows(worker: string, host: string | null, hosts: Hosts): readonly ProcessRow[] {
  return hosts.map(({ pid, state, memoryBytes = null }, index) => ({
    name: `${worker}/host-${index + 1}`,
    role: 'host',
    pid,
    host,
    port: null,
    state,
    memoryBytes,
  }))
}

function rosterRows(worker: Report['workers'][number]): readonly ProcessRow[] {
  const { name, pid, hosts, memoryBytes = null } = worker
  const state = shownState(worker)
  const { host, port } = parseAddress(worker.address)
  return [{ name, role: 'worker', pid, host, port, state, memoryBytes }, ...hostRows(name, host, hosts)]
}

/** With the reason, where it is given nothing more. */
export function shownState({ state, quarantined }: Pick<Report['workers'][number], 'state' | 'quarantined'>): string {
  return quarantined === undefined || state === 'lost' ? state : `quarantined: ${quarantined}`
}
