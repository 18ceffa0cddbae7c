// A host whose attempts are traced. It ends their spans itself; of those that it can end no more, because it was killed or has
// died, its worker does.
import type { Clock } from '../../clock.js'
import type { AttemptInput } from '../../runner/runner.js'
import { contextIn, type TraceContext } from '../../tracing/trace-context.js'
import type { Tracing } from '../../tracing/tracing.js'
import type { AbortReason } from '../events.js'
import type { HostHandle } from './hosts.js'
import type { FromHost } from './pipe-messages.js'
import { type HostOptions, HostProcess } from './process.js'

interface Running {
  readonly parent: TraceContext | undefined
  readonly attempt: AttemptInput
  /** The how many-th that this host was given. */
  readonly nth: number
  beganAt?: number
  told?: AbortReason
}

type Start = (options: HostOptions) => HostHandle & Pick<HostProcess, 'leave'>

/** What an idle host gets to deliver its spans, before it is killed. */
const LEAVE_MS = 500

/** @param start what starts the host itself */
export function tracedHost(
  tracing: Tracing,
  clock: Clock,
  start: Start = startProcess,
): (options: HostOptions) => HostHandle {
  return (options) => {
    const running = new Map<string, Running>()
    let leaving = false
    let given = 0
    const now = (): number => clock.now().wallMs
    const host = start({
      ...options,
      traced: true,
      said: (messages) => {
        for (const message of messages) note(running, message, now())
        options.said(messages)
      },
      recalled: (answer) => {
        given = answer.begun
        for (const [leaseId, { nth }] of running) if (nth > given) running.delete(leaseId)
        options.recalled(answer)
      },
      ended: (end, why) => {
        const how = end.signal === undefined ? `exit code ${end.exitCode}` : `signal ${end.signal}`
        for (const lost of running.values()) recordLost(tracing, options.name, lost, how, now())
        running.clear()
        options.ended(end, why)
      },
    })
    return {
      get pid() {
        return host.pid
      },
      run: (attempts, epoch) => {
        for (const attempt of attempts) {
          const parent = attempt.meta === undefined ? undefined : contextIn(attempt.meta)
          given += 1
          running.set(attempt.leaseId, { parent, attempt, nth: given })
        }
        host.run(attempts, epoch)
      },
      recall: (epoch) => host.recall(epoch),
      abort: (leaseId, reason) => {
        const told = running.get(leaseId)
        if (told !== undefined) told.told ??= reason
        host.abort(leaseId, reason)
      },
      checkpointed: (answer) => host.checkpointed(answer),
      watch: (limits) => host.watch(limits),
      kill: () => {
        // What runs is ended at once, and told of here. Where nothing does, what ran is told by the host itself.
        if (running.size > 0 || leaving) return host.kill()
        leaving = true
        host.leave()
        setTimeout(() => host.kill(), LEAVE_MS).unref()
      },
    }
  }
}

function startProcess(options: HostOptions): HostProcess {
  return new HostProcess(options)
}

function note(running: Map<string, Running>, message: FromHost, now: number): void {
  if (message.type === 'began') {
    for (const leaseId of message.leaseIds) {
      const begun = running.get(leaseId)
      if (begun !== undefined) begun.beganAt = now
    }
  } else if (message.type === 'outcomes') {
    for (const { leaseId } of message.list) running.delete(leaseId)
  }
}

/** What has not begun is no run: it begins elsewhere. */
function recordLost(tracing: Tracing, worker: string, lost: Running, how: string, now: number): void {
  const { parent, attempt, beganAt, told } = lost
  if (beganAt === undefined || parent === undefined) return
  const { taskId, leaseId, type, queue } = attempt
  const message = told === undefined ? `its process ended: ${how}` : `${told}, and its process was ended: ${how}`
  tracing.record({
    ...{ operation: 'run', parent, taskId, leaseId, type, queue, attempt: attempt.attempt, worker },
    ...{ fromMs: beganAt, untilMs: now, error: { code: told ?? 'host_died', message } },
  })
}
