import { type HostedBehaviour, runnerInHostConformance } from './runner-in-host.js'

const deaf = 'trap "" TERM; sleep 600 & printf "[%s,%s]" $$ $! > "$1"; while :; do wait; done'
const take = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(8 * 1024 ** 2, 1)), 20)'
const COMMANDS: Readonly<Record<HostedBehaviour, string>> = {
  echo: 'cat',
  deaf: `sh -c '${deaf}' sh {}`,
  crashes: "sh -c 'kill -SEGV $$'",
  says: "sh -c 'echo on the way; sleep 1; kill -SEGV $$'",
  // In a process that it has started.
  takesMemory: `sh -c 'node -e "$0" & wait' '${take}'`,
  fillsMemory: `node --max-old-space-size=20 -e 'const kept = []; for (;;) kept.push(new Array(100_000).fill(1))'`,
}

const exec = Object.entries(COMMANDS).map(([type, command]) => `${type}=${command}`)
runnerInHostConformance('commands', { served: { tasks: [], commands: { exec, execFinal: [] } }, sharesHost: false })
