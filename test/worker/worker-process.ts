// Not a test: a worker in a process of its own, to be killed and frozen. Takes a first port and options as JSON as arguments
// and its secret by standard input, tells its port on standard output, and ends with the worker's exit code.
import { text } from 'node:stream/consumers'
import { createLog } from '../../src/log.js'
import { readKey } from '../../src/protocol/key.js'
import { startWorker, type WorkerOptions } from '../../src/worker/node.js'

const [, , firstPort = '', options = ''] = process.argv
const first = Number(firstPort)
const worker = await startWorker({
  ...{ name: 'w1', slots: 2, bind: '127.0.0.1', tasks: [], builtins: false, version: '0' },
  workerPorts: { first, last: first + 50 },
  ...{ masterTimeoutMs: 20_000, drainMs: 5_000, killGraceMs: 300, defaultTimeoutMs: undefined },
  key: readKey(await text(process.stdin)),
  log: createLog({ name: 'w1', stderr: true, level: 'debug' }),
  ...(JSON.parse(options) as Partial<WorkerOptions>),
})
process.stdout.write(`${JSON.stringify({ port: worker.port })}\n`)
process.exit(await worker.ended)
