// One step of the machine under way: when it is, what is known, and the effects gathered so far.
import type { MonoMs } from '../clock.js'
import type { LogFields, LogLevel } from '../log.js'
import type { WorkerMessage } from '../protocol/messages.js'
import type { WorkerEffect } from './events.js'
import type { State } from './state.js'

export class Turn {
  readonly effects: WorkerEffect[] = []

  constructor(
    readonly state: State,
    readonly at: MonoMs,
  ) {}

  do(effect: WorkerEffect): void {
    this.effects.push(effect)
  }

  /** To the master of the session, if there is one. */
  tell(message: WorkerMessage): void {
    if (this.state.session !== undefined) this.do({ kind: 'send', session: this.state.session.id, message })
  }

  /** Left out where the master does not read: it matters only as long as it is new. */
  tellLossy(message: WorkerMessage): void {
    if (this.state.session !== undefined)
      this.do({ kind: 'send', session: this.state.session.id, message, lossy: true })
  }

  log(level: LogLevel, text: string, fields?: LogFields): void {
    this.do({ kind: 'log', entry: { level, text, ...(fields && { fields }) } })
  }
}

/** One duty that acts by itself when its time comes. */
export interface Duty {
  /** When it next has something to do; NEVER if nothing. */
  next(state: State): MonoMs
  /** Does what is due by `turn.at`. */
  due(turn: Turn): void
}
