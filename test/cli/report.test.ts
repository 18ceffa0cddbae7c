// What a person reads of an error.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { errorLines, exitCodeOf, isDebug, known } from '../../src/cli/report.js'
import { DtrError } from '../../src/errors.js'

const QUIET = { debug: false }

t.test('an error of the world: its cause, the next step, and its own exit code', async (t) => {
  const error = new DtrError('ports_taken', 'port 5000 is taken', { hint: 'name another' })
  t.same(errorLines(error, QUIET), ['dtr: port 5000 is taken', '     name another'])
  t.same(errorLines(new DtrError('not_found', 'no such task'), QUIET), ['dtr: no such task'])
  t.equal(exitCodeOf(error), 5)
})

t.test('a mistake of dtr says so, where its trace is, and what to report', async (t) => {
  const error = new TypeError('x is not a function')
  t.same(errorLines(error, QUIET), [
    'dtr: internal error: TypeError: x is not a function',
    '     a mistake in dtr itself: --debug shows the trace; docs/debugging.md says what to report',
  ])
  t.match(errorLines(error, { debug: false, log: '/x/master.log' })[1], /the trace is in \/x\/master.log; docs/)
  t.same(errorLines('thrown', QUIET)[0], 'dtr: internal error: thrown')
  t.equal(exitCodeOf(error), 1)
  t.equal(known(error, QUIET).code, 'internal')
  t.equal(known(error, QUIET).cause, error)
})

t.test('what the system refuses is no mistake of dtr', async (t) => {
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
  t.same(errorLines(error, QUIET), [
    'dtr: ENOSPC: no space left on device, write',
    '     no space is left on that disk',
  ])
})

t.test('traces only with --debug, with what caused them', async (t) => {
  const cause = new Error('below')
  const error = new DtrError('store_failed', 'above', { cause })
  t.notMatch(errorLines(error, QUIET).join('\n'), /\n\s+at |below/)
  t.match(
    errorLines(error, { debug: true }).join('\n'),
    /^dtr: above\nDtrError: above\n +at [\s\S]+\ncaused by Error: below\n +at /,
  )
  t.equal(isDebug(['status', '--debug'], {}), true)
  t.equal(isDebug(['status'], { DTR_DEBUG: 'yes' }), true)
  t.equal(isDebug(['status'], { DTR_DEBUG: '0' }), false)
})

t.test('a process that crashes ends at once, with the trace in its log and its file on standard error', async (t) => {
  const folder = t.testdir({})
  const url = (file: string): string => JSON.stringify(new URL(`../../src/${file}`, import.meta.url).href)
  const code = `
    import { endOnCrash } from ${url('cli/crash.js')}
    import { report, traceOf } from ${url('cli/report.js')}
    import { createLog } from ${url('log.js')}
    const log = createLog({ name: 'w', folder: ${JSON.stringify(folder)} })
    endOnCrash(() => 99)
    endOnCrash((error) => {
      log.last(traceOf(error))
      return report(error, { debug: false, log: log.file })
    })
    setInterval(() => {}, 1000)
    Promise.reject(new RangeError('by mistake'))`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
  t.equal(status, 1)
  t.match(stderr, /^dtr: internal error: RangeError: by mistake\n.*the trace is in .*w.log/)
  t.notMatch(stderr, /\n\s+at /)
  t.match(readFileSync(join(folder, 'w.log'), 'utf8'), /ERROR w: RangeError: by mistake\n\S+ ERROR w: +at /)
})
