// The joblog: its lines, what it says of the jobs before, and what a crash leaves of it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type JobEnd, Joblog, jobLine, readJobs, signalNumber, wholeLines } from '../../src/cli/joblog.js'

const job = (seq: number, more: Partial<JobEnd> = {}): JobEnd => ({
  ...{ seq, host: 'worker-1', startedWallMs: 1_700_000_000_123, runtimeMs: 8, sentBytes: 5, receivedBytes: 70 },
  ...{ exitCode: 0, signal: 0, command: `sum 'a b'` },
  ...more,
})

t.test('a line has the columns of GNU parallel, and reads back', async (t) => {
  t.equal(jobLine(job(3)), `3\tworker-1\t1700000000.123\t     0.008\t5\t70\t0\t0\tsum 'a b'`)
  t.match(jobLine(job(4, { host: undefined })), /^4\t:\t/)
  const lines = [job(3), job(7, { exitCode: 2 }), job(8, { signal: 9 }), job(9, { exitCode: -1 }), job(7)]
  const jobs = readJobs(`${lines.map(jobLine).join('\n')}\n`, 'log')
  t.same(
    [...jobs].map(([seq, { failed }]) => [seq, failed]),
    [
      [3, false],
      [7, false],
      [8, true],
      [9, true],
    ],
  )
  t.equal(jobs.get(3)?.command, `sum 'a b'`)
  t.equal(signalNumber('SIGKILL'), 9)
  t.equal(signalNumber(undefined), 0)
})

t.test('what is no joblog is refused by its line', async (t) => {
  const text = `Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n${jobLine(job(1))}\nhello\n`
  t.throws(() => readJobs(text, 'log.tsv'), { code: 'bad_input', message: /line 3 of log.tsv/ })
})

t.test('begun anew, or gone on with: a line that a crash tore is cut off', async (t) => {
  const file = join(t.testdir(), 'log.tsv')
  const first = Joblog.open(file, false)
  first.begin()
  first.append(job(1))
  first.close()
  const whole = readFileSync(file, 'utf8')
  t.equal(whole.split('\n').length, 3)
  writeFileSync(file, `${whole}2\tworker-1\t17000`)
  t.equal(wholeLines(Buffer.from('a\nb')).toString(), 'a\n')
  t.same([...Joblog.read(file).keys()], [1])
  const second = Joblog.open(file, true)
  t.same([...second.logged.keys()], [1])
  second.begin()
  second.append(job(2))
  second.close()
  t.equal(readFileSync(file, 'utf8'), `${whole}${jobLine(job(2))}\n`)
  const anew = Joblog.open(file, false)
  t.equal(readFileSync(file, 'utf8').split('\n').length, 4, 'until it begins')
  anew.begin()
  anew.close()
  t.equal(readFileSync(file, 'utf8').split('\n').length, 2)
  t.throws(() => Joblog.open(join(t.testdirName, 'none/log.tsv'), true), {
    ...{ code: 'bad_input', message: /log.tsv cannot be written/, hint: /--joblog/ },
  })
})
