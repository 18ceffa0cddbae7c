// dtr master: a master by itself, in the foreground.
import { MASTER_SETTINGS } from '../launch/command-line.js'
import { startMaster } from '../launch/in-process.js'
import type { Command } from './command.js'
import { LAUNCHED_FLAGS, runService } from './service.js'

export const master: Command = {
  name: 'master',
  about: 'run a master by itself',
  settings: [...MASTER_SETTINGS, 'secretFile'],
  flags: LAUNCHED_FLAGS,
  examples: [
    ['master', 'the first free port from 4999; workers on 127.0.0.1:5000-5100 are found'],
    ['master --standby', 'wait until the master that holds the data folder is gone, then take over'],
    ['master --bind 10.0.0.1 --hosts 10.0.0.2,10.0.0.3 --plaintext', 'workers on other hosts'],
  ],
  handlesSignals: true,
  run: (flags) =>
    runService({
      flags,
      settings: MASTER_SETTINGS,
      nameOf: () => 'master',
      makesFolder: true,
      sharesLog: true,
      async start(settings, { credential, log, signal }) {
        const { port, ended, stop } = await startMaster({ ...settings, ...credential, log, signal })
        return {
          port,
          ended,
          endInOrder: (why, graceMs) => stop(why, { graceMs }),
          endNow: () => stop('asked again', { now: true }),
        }
      },
    }),
}
