// The file of a log: moved away when full, begun when told to, and never in the way of work.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { LogFiles } from '../src/cli/log-files.js'
import { createLog } from '../src/log.js'

const LINES_MIN = 400
const FILE_BYTES = 4_000

t.test('full files are moved away, the oldest goes, and no other process loses its own', async (t) => {
  const folder = t.testdir({ 'worker-11.log': 'of another\n', 'worker-12.log': 'of another\n' })
  const log = createLog({ name: 'worker-1', folder, fileBytesMax: FILE_BYTES, filesMax: 3 })
  const names = ['worker-1.log', 'worker-1.log.1', 'worker-1.log.2']
  let lines = 0
  while (lines < LINES_MIN || !existsSync(join(folder, 'worker-1.log.2'))) {
    log.info(`line ${lines}`)
    lines += 1
    await new Promise((done) => setImmediate(done))
  }
  await log.close()
  t.same(readdirSync(folder).sort(), [...names, 'worker-11.log', 'worker-12.log'])
  for (const name of ['worker-11.log', 'worker-12.log']) {
    t.equal(readFileSync(join(folder, name), 'utf8'), 'of another\n')
  }
  const texts = names.toReversed().flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => Number(/line (\d+)$/.exec(line)?.[1])),
  )
  const kept = Array.from({ length: texts.length }, (_, index) => lines - texts.length + index)
  t.same(texts, kept, 'the last lines, each once, in their order')
  t.ok(texts.length > 20)

  t.same([...new LogFiles(folder).names].sort(), ['worker-1', 'worker-11', 'worker-12'])
})

t.test('a file that cannot be moved grows on', async (t) => {
  const folder = t.testdir({})
  mkdirSync(join(folder, 'master.log.1'))
  const log = createLog({ name: 'master', folder, fileBytesMax: 200, filesMax: 2 })
  for (let number = 0; number < 20; number += 1) {
    log.info(`line ${number}`)
    await new Promise((done) => setImmediate(done))
  }
  await log.close()
  t.match(readFileSync(join(folder, 'master.log'), 'utf8'), /line 0\n[\s\S]*line 19\n/)
})

t.test('a file that is another’s as yet is not touched before openFile', async (t) => {
  const folder = join(t.testdir({}), 'logs')
  const log = createLog({ name: 'master', folder, fileLater: true })
  log.info('before')
  t.notOk(statSync(folder, { throwIfNoEntry: false }))
  log.openFile?.()
  log.info('after')
  await log.close()
  t.match(readFileSync(join(folder, 'master.log'), 'utf8'), /^\S+ INFO {2}master: after\n$/)
})

t.test('a folder that is removed meanwhile does not stop anything', async (t) => {
  const folder = join(t.testdir({}), 'logs')
  const log = createLog({ name: 'master', folder, fileBytesMax: 100 })
  log.info('one')
  rmSync(folder, { recursive: true })
  for (let number = 0; number < 20; number += 1) log.info(`line ${number}`)
  await log.close()
  t.pass('closed')
})
