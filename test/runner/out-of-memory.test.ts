// What a command has of memory, and by what a death for want of it is known.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { ExecRunner } from '../../src/runner/exec.js'
import { memoryOf } from '../../src/runner/group-memory.js'
import { isHeapFull, kernelKills } from '../../src/runner/out-of-memory.js'
import { attemptOf } from '../conformance/runner.js'
import { TestControl } from './control.js'

const MIB = 1024 ** 2

t.test('the memory of a group is that of all its processes, and of no other', async (t) => {
  const hold = `const held = Buffer.alloc(${60 * MIB}, 1); console.log(held.length); setInterval(() => held, 60_000)`
  const script = '"$0" -e "$1" & "$0" -e "$1" & wait'
  const child = spawn('sh', ['-c', script, process.execPath, hold], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const group = child.pid!
  t.teardown(() => process.kill(-group, 'SIGKILL'))
  for (let lines = 0; lines < 2; ) {
    const [chunk] = (await once(child.stdout!, 'data')) as [Buffer]
    lines += chunk.toString().split('\n').length - 1
  }
  const bytes = await memoryOf(new Set([group]))
  const mib = (bytes.get(group) ?? 0) / MIB
  t.ok(mib > 2 * 60 + 20 && mib < 600, `${mib} MiB`)
  t.equal((await memoryOf(new Set([2 ** 30]))).size, 0)
})

t.test('what the kernel has killed is read where it counts that', async (t) => {
  const folder = t.testdir({
    events: 'low 0\nhigh 0\nmax 4\noom 3\noom_kill 2\noom_group_kill 0\n',
    vmstat: 'nr_free_pages 12\noom_kill 17\n',
    other: 'nothing\n',
  })
  const at = (name: string): string => join(folder, name)
  t.equal(kernelKills([at('events'), at('vmstat')]), 2)
  t.equal(kernelKills([at('missing'), at('other'), at('vmstat')]), 17)
  t.equal(kernelKills([at('missing')]), undefined)
})

t.test('the last words of a full heap are recognised', async (t) => {
  const words = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'
  t.ok(isHeapFull(words))
  t.ok(isHeapFull(Buffer.from(`<--- JS stacktrace --->\n\n${words}\n----- Native stack trace -----\n`)))
  t.notOk(isHeapFull('Error: out of luck'))
})

t.test('a command whose heap is full says so, also through a shell', async (t) => {
  const fill = 'const kept = []; for (;;) kept.push(new Array(100_000).fill(1))'
  const node = `node --max-old-space-size=20 -e "${fill}"`
  const exec = [`direct=node --max-old-space-size=20 -e '${fill}'`, `shell=sh -c '${node}; exit $?'`]
  const groups = { add: async () => {}, remove() {} }
  const runner = new ExecRunner({ exec, execFinal: [], killGraceMs: 1_000, groups })
  for (const type of ['direct', 'shell']) {
    t.match(await runner.run(attemptOf(type, 'null'), new TestControl()), {
      kind: 'failed',
      final: false,
      error: {
        code: 'out_of_memory',
        message: /^out of memory: the heap of its process was full \((signal|exit code) /,
      },
    })
  }
})
