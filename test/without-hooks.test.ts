// What tests start is what users start: nothing of the test runner is in it.
import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'

const ARGS = ['-p', '[process.env.NODE_OPTIONS, process.execArgv.filter((arg) => arg.startsWith("--"))]']
const NOTHING = '[ undefined, [] ]\n'

t.equal(execFileSync(process.execPath, ARGS, { encoding: 'utf8' }), NOTHING)
t.equal((await promisify(execFile)(process.execPath, ARGS)).stdout, NOTHING)
