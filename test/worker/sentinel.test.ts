// The sentinel of a host sees to the end of its commands; should it die itself, they end with it and another takes its place.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FakeMaster, until } from './fake-master.js'
import { isAlive, workerHere } from './workers.js'

const NO_PROC = !existsSync('/proc/self/task')

/** A process whose command line holds this, among the children of another. */
function childOf(pid: number, what: string): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  return children.find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(what))
}

async function begin(t: Test, master: FakeMaster, name: string) {
  const file = join(t.testdirName, name)
  const [lease] = master.assign({ type: 'sleeps', payload: file })
  const pid = await until('the command', () =>
    existsSync(file) ? Number(readFileSync(file, 'utf8')) || undefined : undefined,
  )
  return { lease: lease!, pid }
}

t.test('a sentinel that is killed', { skip: NO_PROC }, async (t) => {
  t.testdir({})
  const exec = [`sleeps=sh -c 'trap "" TERM; echo $$ > "$1"; exec sleep 600' sh {}`]
  const { worker } = await workerHere(t, { tasks: [], commands: { exec, execFinal: [] } })
  const master = await FakeMaster.of(worker.port)
  const host = await master.host()
  const first = await begin(t, master, 'first')
  const sentinel = await until('the sentinel', () => childOf(host, 'while read -r what'))
  process.kill(sentinel, 'SIGKILL')
  t.match(await master.settled(first.lease), { outcome: 'failed', final: false, error: { signal: 'SIGKILL' } })
  await until('its end', () => !isAlive(first.pid))

  const second = await begin(t, master, 'second')
  t.equal(await master.host(), host, 'the host goes on')
  t.ok(isAlive(second.pid))
  process.kill(host, 'SIGKILL')
  await until('the end of the second command', () => !isAlive(second.pid))
})
