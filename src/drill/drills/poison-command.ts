// A command that kills the process which runs it, whenever it runs, among many good ones.
import { SERVES_COMMANDS } from '../commands.js'
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'
import { unharmed } from '../verdicts.js'

const GOOD = 400
const GOOD_COMMANDS = 20

export const poisonCommand: Drill = {
  name: 'poison-command',
  promises: ['P1', 'P6', 'P9', 'P11', 'P17'],
  summary: `a command that kills the process which runs it (--quick: by SIGABRT), among ${GOOD} good tasks`,
  needs: [needs.proc],
  async run(stage) {
    await stage.start({ workers: 2, slots: 4, settings: SERVES_COMMANDS })
    const before = await stage.submit(GOOD / 2, { ms: [5, 40] })
    // A kill from outside is judged 6 s later, whatever the timers: somebody may have killed more than that process (P11).
    const killsHost = stage.quick ? 'SIGABRT' : 'SIGKILL'
    stage.inject(`submit of a command that sends ${killsHost} to the process which runs it`, () => {})
    await stage.submit(1, { ms: 60_000, asCommand: true, killsHost, endsWith: 'poison' })
    const after = await stage.submit(GOOD / 2, { ms: [5, 40] })
    const commands = await stage.submit(GOOD_COMMANDS, { ms: [5, 40], asCommand: true })
    const history = await stage.settle()
    const good = [...before, ...after, ...commands]
    stage.judge(unharmed('P11', 'the poisonous command is failed; no good one was charged for it', history, good))
  },
}
