// The proto is a promise to programs that others have compiled: its types are those in use here, and it only grows.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { run, temporaryFolder } from '../package/packed.js'
import { broken, promisedBy } from './proto-growth.js'

const ROOT = resolve(import.meta.dirname, '../../..')
const GENERATED = join(ROOT, 'src/gateway/grpc/generated')

t.test('the generated types are those of the proto (npm run proto makes them)', async (t) => {
  const folder = temporaryFolder(t)
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { proto: string } }
  const [, ...args] = scripts.proto.replace('src/gateway/grpc/generated', folder).split(' ')
  const generator = 'node_modules/@grpc/proto-loader/build/bin/proto-loader-gen-types.js'
  await run(process.execPath, [generator, ...args], { cwd: ROOT })
  const files = (of: string) =>
    readdirSync(of, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  t.same(files(GENERATED).sort(), files(folder).sort())
  for (const name of files(folder)) {
    t.equal(readFileSync(join(GENERATED, name), 'utf8'), readFileSync(join(folder, name), 'utf8'), name)
  }
})

const PROTO = join(ROOT, 'src/gateway/grpc/orchestrator.proto')
/** As the last release had it; a release copies its own there. Before the first one: as it was first published. */
const RELEASED = join(ROOT, 'test/fixtures/grpc/released/orchestrator.proto')

t.test('programs that were compiled with the last release understand it', async (t) => {
  const released = promisedBy(RELEASED)
  t.ok(released.size > 100, 'it is read')
  t.same(broken(released, promisedBy(PROTO)), [])
})

t.test('what would break them is found', async (t) => {
  const text = readFileSync(RELEASED, 'utf8')
  const file = join(temporaryFolder(t), 'changed.proto')
  const changes: [string, string, RegExp | undefined][] = [
    ['bytes payload = 3;', 'bytes payload = 33;', /TaskSpec = 3: was payload .* is gone/],
    ['bytes payload = 3;', 'string payload = 3;', /TaskSpec = 3/],
    ['repeated Lease running = 3;', 'Lease running = 3;', /WorkerHeartbeat = 3/],
    ['TASK_STATUS_FAILED = 4;', 'TASK_STATUS_LOST = 4;', /TaskStatus = 4/],
    ['returns (stream TaskProgress);', 'returns (TaskProgress);', /Gateway .*SubscribeProgress/],
    ['rpc GetTask(GetTaskRequest) returns (Task);', '', /Gateway .*GetTask: was .* is gone/],
    ['bytes payload = 3;', 'bytes payload = 3; string fresh = 1000;', undefined],
  ]
  for (const [before, after, expected] of changes) {
    t.ok(text.includes(before), before)
    writeFileSync(file, text.replace(before, after))
    const [first] = broken(promisedBy(RELEASED), promisedBy(file))
    if (expected === undefined) t.equal(first, undefined, 'it may grow')
    else t.match(first, expected)
  }
})
