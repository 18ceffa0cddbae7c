// dtr reload: new code for workers that run, one after the other; what runs is not lost.
import { DtrError, EXIT_OK } from '../errors.js'
import { CLUSTER_SETTINGS, type Command, JSON_FLAG } from './command.js'
import { connectBy } from './connect.js'

export const reload: Command = {
  name: 'reload',
  about: 'load the task modules anew in all workers, one by one; running tasks finish in the code they began in',
  settings: CLUSTER_SETTINGS,
  flags: JSON_FLAG,
  examples: [['reload', 'after a change of a task module; stops at the first worker that cannot load it']],
  async run(flags, output) {
    const client = await connectBy(flags)
    let failed = false
    try {
      for await (const { worker, status, problem } of client.reload()) {
        failed ||= status === 'refused' || status === 'unsupported'
        if (flags.has('json')) await output.json({ worker, status, problem })
        else await output.line(`${worker}  ${problem === undefined ? status : `${status}: ${problem}`}`)
      }
    } finally {
      client.close()
    }
    return failed ? new DtrError('task_failed', '').exitCode : EXIT_OK
  },
}
