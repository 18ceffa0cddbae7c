// What attempts tell while they run goes to the master: progress once a second, or at once where somebody watches the task;
// what it says only then, for nobody else would read it before the end, with which it is kept.
import { LIST_MAX, type TaskReport } from '../../protocol/messages.js'
import type { HostId, HostReport } from '../events.js'
import type { Report } from '../reports.js'
import { NEVER } from '../state.js'
import type { Duty, Turn } from '../turn.js'

const UNWATCHED_EVERY_MS = 1_000
/** Of what is said in one message: it stays far below a line whatever JSON makes of it. */
const BYTES_PER_MESSAGE_MAX = 512 * 1024

export function reported(turn: Turn, host: HostId, list: readonly HostReport[]): void {
  const { attempts, reports } = turn.state
  const watched: string[] = []
  for (const { leaseId, progress, log } of list) {
    const attempt = attempts.get(leaseId)
    if (attempt?.host !== host || attempt.phase !== 'begun') continue
    const report = reports.of(leaseId)
    if (log !== undefined) report.log.put(log)
    if (progress !== undefined) {
      report.progress = progress
      reports.untold.add(leaseId)
    }
    if (report.followed) watched.push(leaseId)
  }
  tell(turn, watched)
}

/** The master says which of its tasks somebody watches: what they have said so far comes first, also where that is nothing. */
export function follow(turn: Turn, list: readonly { readonly lease: string; readonly on: boolean }[]): void {
  const { attempts, reports } = turn.state
  const begun: string[] = []
  for (const { lease, on } of list) {
    if (!attempts.has(lease) || (!on && reports.get(lease) === undefined)) continue
    const report = reports.of(lease)
    report.followed = on
    report.logTold = 0
    if (on) begun.push(lease)
  }
  tell(turn, begun, true)
}

/** To a new session all of it is new, and it has not said yet what is watched. */
export function tellReportsAgain(turn: Turn): void {
  const { reports } = turn.state
  reports.unheard = false
  for (const [lease, report] of reports) {
    report.followed = false
    if (report.progress !== undefined) reports.untold.add(lease)
  }
}

export const reportsDuty: Duty = {
  next({ reports, session }) {
    const isDue = reports.untold.size > 0 && session?.welcomed === true && !reports.unheard
    return isDue ? reports.toldAt + UNWATCHED_EVERY_MS : NEVER
  },

  due(turn) {
    if (turn.at < this.next(turn.state)) return
    turn.state.reports.toldAt = turn.at
    tell(turn, [...turn.state.reports.untold])
  },
}

/** @param all also of those that have nothing new: what is said to a master that asks */
function tell(turn: Turn, leases: readonly string[], all = false): void {
  const { attempts, reports, session } = turn.state
  if (session?.welcomed !== true || reports.unheard) return
  let list: TaskReport[] = []
  let bytes = 0
  const send = (): void => {
    if (list.length > 0) turn.tellLossy({ type: 'progress', list })
    list = []
    bytes = 0
  }
  for (const lease of leases) {
    const id = attempts.get(lease)?.assignment.id
    const report = reports.get(lease)
    if (id === undefined || report === undefined) continue
    const entry = reportOf(id, lease, report, all)
    list.push(entry)
    reports.untold.delete(lease)
    bytes += (entry.log === undefined ? 0 : Buffer.byteLength(entry.log.text)) + (entry.message?.length ?? 0)
    if (list.length === LIST_MAX || bytes > BYTES_PER_MESSAGE_MAX) send()
  }
  send()
}

function reportOf(id: string, lease: string, report: Report, all: boolean): TaskReport {
  const { log, logTold, progress, followed } = report
  const says = followed && (all || log.end > logTold)
  if (followed) report.logTold = log.end
  return { id, lease, ...progress, ...(says && { log: log.since(logTold) }) }
}
