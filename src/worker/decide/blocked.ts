// Code that lets nothing else in its process have its turn, for long: no reason to give a host up, for its watchdog is heard
// and its lease goes on. Whose neighbour waits for it is to be read in the log, once, with the tasks that it may be.
import { formatDuration } from '../../config.js'
import type { HostId } from '../events.js'
import type { Host } from '../state.js'
import type { Turn } from '../turn.js'

const NAMED_MAX = 5

/** As the last sign of life of a host has it. */
export function blocked(turn: Turn, id: HostId, blockedMs: number): void {
  const { state } = turn
  const host = state.hosts.get(id)
  const limitMs = state.config.care.blockedMs
  if (host === undefined || limitMs === undefined) return
  if (!host.blocked && blockedMs >= limitMs) begin(turn, host, blockedMs)
  else if (host.blocked && blockedMs < limitMs) {
    host.blocked = false
    turn.log('info', 'its event loop turns again', { pid: host.pid })
  }
}

function begin(turn: Turn, host: Host, blockedMs: number): void {
  const begun = [...turn.state.attempts].filter(({ host: id, phase }) => id === host.id && phase === 'begun')
  // While it loads its modules nobody waits for it.
  if (begun.length === 0) return
  host.blocked = true
  const named = begun.slice(0, NAMED_MAX).map(({ assignment: { id, type } }) => `${id} (${type})`)
  const more = begun.length > NAMED_MAX ? ` and ${begun.length - NAMED_MAX} more` : ''
  const who = begun.length === 1 ? 'task' : 'one of the tasks'
  const text = `${who} ${named.join(', ')}${more} has blocked the event loop for ${formatDuration(blockedMs)}`
  turn.log('warn', text, { pid: host.pid })
}
