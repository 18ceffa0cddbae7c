import { ExecRunner } from '../../src/runner/exec.js'
import type { Groups } from '../../src/runner/groups.js'
import { RESULT_BYTES_MAX } from '../../src/runner/runner.js'
import { type Behaviour, runnerConformance } from './runner.js'

const COMMANDS: Readonly<Record<Behaviour, string>> = {
  echo: 'cat',
  throws: "sh -c 'echo thrown on purpose >&2; exit 1'",
  final: "sh -c 'exit 65'",
  waits: 'sleep 600',
  huge: `head -c ${RESULT_BYTES_MAX + 1} /dev/zero`,
  bytes: "printf '\\000\\377\\001'",
  says: 'echo zwölf',
}

/** Nothing here outlives the test's own process. */
const groups: Groups = { add: async () => {}, remove() {} }
const exec = Object.entries(COMMANDS).map(([type, command]) => `${type}=${command}`)

runnerConformance(
  'commands',
  async () => new ExecRunner({ exec, execFinal: ['final=64-78'], killGraceMs: 5_000, groups }),
  false,
)
