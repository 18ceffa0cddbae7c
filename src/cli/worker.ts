// dtr worker: a worker by itself, in the foreground.
import { WORKER_SETTINGS } from '../launch/command-line.js'
import { startWorker } from '../launch/in-process.js'
import type { Command } from './command.js'
import { note } from './output.js'
import { LAUNCHED_FLAGS, runService } from './service.js'

export const worker: Command = {
  name: 'worker',
  about: 'run a worker by itself',
  settings: [...WORKER_SETTINGS, 'secretFile', 'keyFile'],
  flags: LAUNCHED_FLAGS,
  examples: [
    ['worker --id worker-6 --tasks ./tasks.mjs', 'a port of 5000-5100; the master finds it'],
    ['worker --id far-1 --join 10.0.0.1:4999 --secret-file ./secret', 'dial in to a master that cannot reach it'],
    ['worker --id far-1 --join 10.0.0.1:4999 --key-file ./key', 'the same with a key of dtr key create --role worker'],
  ],
  handlesSignals: true,
  run: (flags) =>
    runService({
      flags,
      settings: WORKER_SETTINGS,
      nameOf: ({ id }) => id ?? `worker-${process.pid}`,
      makesFolder: false,
      takesKey: true,
      async start(settings, { credential, log }) {
        const { port, ended, drain, kill } = await startWorker({
          ...settings,
          ...credential,
          log,
          reloaded: tellReload(settings.watch),
        })
        return { port, ended, endInOrder: (_why, graceMs) => drain(graceMs), endNow: kill }
      },
    }),
}

/** On its standard error, which a launcher shows with its name. */
function tellReload(watching: boolean): (problem?: string) => void {
  return (problem) => {
    if (watching) note(problem === undefined ? 'loaded its tasks anew' : `goes on with the old tasks: ${problem}`)
  }
}
