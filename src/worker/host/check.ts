// Loads task modules and commands once, in a host that is given nothing to do: what is wrong with them is told before
// anything starts.
import { DtrError } from '../../errors.js'
import type { Served } from './pipe-messages.js'
import { HostProcess } from './process.js'

export interface ToCheck extends Served {
  /** Gives up the check. */
  readonly signal?: AbortSignal | undefined
}

const LOAD_MS_MAX = 60_000

/** @throws DtrError `bad_input` that names file and line, or the command */
export async function checkServed({ modules, builtins, commands, runners, signal }: ToCheck): Promise<void> {
  let problem: string | undefined = 'the task modules could not be loaded'
  await new Promise<void>((resolve) => {
    const host = new HostProcess({
      ...{ modules, builtins, commands, runners },
      listeningFd: 'ignore',
      name: 'check',
      spawned: () => {},
      slots: 1,
      alive: () => {},
      recalled: () => {},
      printed: () => {},
      said(messages) {
        for (const message of messages) {
          if (message.type === 'ready') problem = undefined
          if (message.type === 'unfit') problem = message.message
          if (message.type === 'uncaught') problem = message.error.message
          if (message.type === 'ready') host.kill()
        }
      },
      ended({ exitCode, signal: by }, why) {
        const how = by === undefined ? `exit code ${exitCode ?? 'unknown'}` : `signal ${by}`
        if (problem?.endsWith('could not be loaded') === true)
          problem += `: ${why ?? `their process ended with ${how}`}`
        clearTimeout(tooLong)
        signal?.removeEventListener('abort', giveUp)
        resolve()
      },
    })
    const tooLong = setTimeout(() => {
      problem = `the task modules did not finish loading within ${LOAD_MS_MAX / 1_000} s`
      host.kill()
    }, LOAD_MS_MAX)
    const giveUp = (): void => host.kill()
    signal?.addEventListener('abort', giveUp)
  })
  signal?.throwIfAborted()
  if (problem !== undefined) throw new DtrError('bad_input', problem)
}
