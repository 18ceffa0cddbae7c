// dtr top on a real terminal, before a real cluster: what it shows, what its keys do, and how it leaves the terminal.
import { execFileSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { BIN, Cluster, until } from '../../processes/cluster.js'
import { missingTmux, Tmux } from './tmux.js'

const missing = missingTmux()
if (missing !== undefined) process.stderr.write(`\n${missing}\n\n`)

/** A signal makes a mistake of it. */
const MISTAKE = `data:text/javascript,process.on("SIGUSR2",()=>{throw new Error("boom")})`

t.test('dtr top', async (t) => {
  const cluster = await Cluster.create(t)
  const { client, master, workers } = await cluster.start(2)

  await t.test('where there is no terminal', async (t) => {
    const refused = cluster.run(['top'])
    const once = cluster.run(['top', '--once', '--data', cluster.data])
    t.equal((await refused.ended).code, 2)
    t.match(refused.stderr, /draws on a terminal.*there is none here\n.*--once/s)
    t.equal(refused.stdout, '')
    t.equal((await once.ended).code, 0)
    t.match(once.stdout, /^dtr {2}healthy {2}2 workers ready, nothing runs .*\n0 pending/)
    t.match(once.stdout, / w1 +ready +0\/1 +0\/s +(\d+M +)?idle/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
    t.notMatch(once.stdout, /\u001b/)
  })
  if (missing !== undefined) return void (await t.test('on a terminal', { skip: missing }, async () => {}))

  const { gate } = cluster.gate()
  const { id } = await client.submit(
    'work',
    { key: 'a', witness: cluster.witnessFile, gate },
    { description: '東京 holiday.mov' },
  )
  const tmux = await Tmux.open(t, cluster.folder, 80, 24)
  const top = `${process.execPath} --import '${MISTAKE}' ${BIN} top --data ${cluster.data}`
  await tmux.type('echo what was here before; stty -g > before')
  /** What the shell has started. */
  const processOfTop = async (): Promise<number> => {
    const shell = await tmux.is('pane_pid')
    return until('dtr top to run', () => {
      const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n')
      const row = rows
        .map((line) => line.trim().split(/\s+/))
        .find(([, parent, ...words]) => parent === shell && words.includes('top'))
      return row === undefined ? undefined : Number(row[0])
    })
  }
  /** Begun and ended so, it must be as if it had never been. */
  const leavesAllAsItWas = async (t: Test, how: () => Promise<unknown>, code: RegExp): Promise<string> => {
    await tmux.type('clear; echo what was here before')
    await tmux.until(/^what was here before\n\$$/)
    await tmux.type(`${top}; echo left $?; stty -g > after; cmp before after && echo as it was`)
    await tmux.until(/q quit/)
    t.equal(await tmux.is('alternate_on'), '1', 'on a screen of its own')
    t.equal(await tmux.is('cursor_flag'), '0', 'without a cursor')
    await how()
    const left = await tmux.until(/^(what was here before)[\s\S]*^as it was$/m)
    t.match(left, code)
    t.equal(await tmux.is('alternate_on'), '0')
    t.equal(await tmux.is('cursor_flag'), '1')
    return left
  }

  await t.test('what runs, a worker that is killed, a cancel, all sizes, and q', async (t) => {
    const left = await leavesAllAsItWas(
      t,
      async () => {
        const shown = await tmux.until(/ (w[12]) +ready +1\/1 .* work +1 +東京 holiday\.mov/)
        t.match(shown, /^dtr +healthy +2 workers ready/)
        const [, on, other] = / w(1) .*holiday/.test(shown) ? [0, 1, 2] : [0, 2, 1]
        workers[on - 1]!.kill('SIGKILL')
        const moved = await tmux.until(new RegExp(` w${other} +ready +1/1 .* work +2 +東京 holiday`))
        t.match(moved, new RegExp(`degraded +w${on} is gone`))
        t.match(moved, new RegExp(` w${on} +gone`))

        await tmux.resize(40, 10)
        const small = await tmux.until(/^.{0,40}\n(.{0,39}\n)*▸? *w\d .*\n[\s\S]*mark/)
        t.ok(small.split('\n').length <= 10)
        await tmux.resize(120, 30)
        await tmux.until(/DONE +FAILED/)

        await tmux.press('/')
        await tmux.press('h', 'o', 'l')
        await tmux.until(/filter: hol/)
        await tmux.press('Enter', 'Down')
        await tmux.until(/^▸ w\d .*holiday/m)
        await tmux.press('Enter')
        await tmux.until(/attempt 2 has run for/)
        await tmux.press('Escape')
        await tmux.until(/^▸ w\d .*holiday/m)
        await tmux.press('c')
        await tmux.until(new RegExp(`cancel work ${id}\\? \\[y/N\\]`))
        await tmux.press('y')
        const { state } = await client.task(id).ended()
        t.equal(state, 'cancelled')
        await tmux.until(/1 cancelled/)
        await tmux.press('q')
      },
      /^left 0$/m,
    )
    t.notMatch(left, /healthy|degraded|WORKER/, 'nothing of it stays')
  })

  await t.test('a master that is lost and comes back, and SIGTERM', async (t) => {
    await leavesAllAsItWas(
      t,
      async () => {
        await tmux.until(/^dtr +(healthy|degraded)/m)
        master.kill('SIGKILL')
        await tmux.until(/^dtr +unreachable +no word of the master/m)
        await cluster.master()
        await tmux.until(/the master was started anew|^dtr +degraded/m)
        process.kill(await processOfTop(), 'SIGTERM')
      },
      /^left 143$/m,
    )
  })

  await t.test('Ctrl-C, and a mistake in its code, which is told where it can be read', async (t) => {
    await leavesAllAsItWas(t, () => tmux.press('C-c'), /^left 130$/m)
    const left = await leavesAllAsItWas(t, async () => process.kill(await processOfTop(), 'SIGUSR2'), /^left [1-9]/m)
    t.match(left, /internal error: .*boom/)
  })

  await t.test('suspended by Ctrl-Z the shell has its terminal', async (t) => {
    await tmux.type('clear; set -m')
    await tmux.type(top)
    await tmux.until(/q quit/)
    await tmux.press('C-z')
    await tmux.until(/Stopped|Suspended/i)
    await tmux.type('stty -g > after; cmp before after && echo as it was; fg')
    await tmux.until(/q quit/)
    await tmux.press('q')
    t.match(await tmux.until(/as it was/), /as it was/)
  })
})
