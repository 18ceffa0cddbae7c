// dtr top: the cluster as it works, on a screen that keeps itself up to date. What draws is loaded for this command alone.
import { DtrError, EXIT_OK } from '../errors.js'
import { CLUSTER_SETTINGS, type Command } from './command.js'
import { connectBy } from './connect.js'
import { endOnCrash } from './crash.js'
import type { Flags } from './flags.js'
import type { Output } from './output.js'
import { isDebug, report } from './report.js'
import { mayAnswer } from './terminal.js'

/** Where it is not a terminal that says so. */
const COLUMNS = 80

export const top: Command = {
  name: 'top',
  about: 'watch the cluster work, and act on it; a screen for terminals',
  settings: CLUSTER_SETTINGS,
  flags: { once: { about: 'print one screen as text, and leave' } },
  examples: [
    ['top', 'workers with what each runs, rates, failures; ? shows the keys'],
    ['top --once >> cluster.txt', 'one screen, as text'],
    ['top --master 10.0.0.1:4999 --key-file ops.key', 'another machine'],
  ],
  async run(flags, output) {
    if (flags.has('once')) return once(flags, output)
    if (!output.isScreen || !mayAnswer(process.stdin)) {
      throw new DtrError('bad_input', 'dtr top draws on a terminal and reads its keys, and there is none here', {
        hint: 'dtr top --once prints one screen as text; dtr status --json is for programs',
      })
    }
    const client = await connectBy(flags)
    try {
      const { Session } = await import('./top/session.js')
      const session = new Session(client, { input: process.stdin, output: process.stdout }, output.hasColours)
      // What is said of a crash is to stand on the screen that was there before.
      endOnCrash((error) => {
        session.terminal.leave()
        return report(error, { debug: isDebug(process.argv, process.env) })
      })
      return await session.run()
    } finally {
      client.close()
    }
  },
}

async function once(flags: Flags, output: Output): Promise<number> {
  const client = await connectBy(flags, { reconnectFor: 0 })
  try {
    const { printOnce } = await import('./top/session.js')
    await printOnce(client, output, output.columns ?? COLUMNS)
    return EXIT_OK
  } finally {
    client.close()
  }
}
