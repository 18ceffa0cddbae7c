// What a loss of power leaves, and who is caught by it: hand-made recordings, as strace writes them.
import t from 'tap'
import { Chance } from '../../src/drill/chance.js'
import { Disk, type Fate, type Files } from '../../src/drill/power/disk.js'
import { losses } from '../../src/drill/power/losses.js'
import { parseRecording } from '../../src/drill/power/recording.js'
import { brokenWords, Told } from '../../src/drill/power/told.js'
import type { TaskWithStory } from '../../src/store/store.js'

const FOLDER = '/data'
const chance = new Chance(1)

function hex(text: string): string {
  return [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}

function fd(path: string): string {
  return `7<${hex(path)}>`
}

const write = (file: string, text: string, at: number): string =>
  `1 pwrite64(${fd(`${FOLDER}/${file}`)}, "${hex(text)}", ${text.length}, ${at}) = ${text.length}`
const sync = (file: string): string => `1 fdatasync(${fd(file === '' ? FOLDER : `${FOLDER}/${file}`)}) = 0`
const say = (message: unknown): string => {
  const text = `${JSON.stringify(message)}\n`
  return `2 write(${fd('socket:[9]')}, "${hex(text)}", ${text.length}) = ${text.length}`
}

function diskAfter(lines: readonly string[], fate: Fate, seed = 1): Record<string, string> {
  const disk = new Disk()
  parseRecording(lines, FOLDER).forEach((recorded, index) => {
    if (recorded.kind !== 'sent') disk.take(index, recorded)
  })
  return textsOf(disk.after(fate, new Chance(seed)))
}

function textsOf(files: Files): Record<string, string> {
  return Object.fromEntries([...files].map(([name, bytes]) => [name, bytes.toString()]))
}

t.test('what no sync covered may be gone; a name needs a sync of its folder', async (t) => {
  const lines = [write('a', 'old', 0), sync('a'), sync(''), write('a', 'new!', 0), write('b', 'b', 0), sync('b')]
  t.same(diskAfter(lines, 'none'), { a: 'old' }, 'b is on disk, and nothing names it')
  t.same(diskAfter(lines, 'all'), { a: 'new!', b: 'b' })
  t.same(diskAfter([...lines, sync('a'), sync('')], 'none'), { a: 'new!', b: 'b' })
})

t.test('a sync covers what stood before it began', async (t) => {
  const [whole] = [sync('a')]
  const begun = whole!.replace(') = 0', ' <unfinished ...>')
  const lines = [
    write('a', 'one', 0),
    sync(''),
    begun,
    write('a', 'two', 0).replace('1 ', '3 '),
    '1 <... fdatasync resumed>) = 0',
  ]
  t.same(diskAfter(lines, 'none'), { a: 'one' })
  t.same(diskAfter([...lines.slice(0, 3)], 'none'), { a: '' }, 'one that never returned covers nothing')
  t.same(diskAfter([write('a', 'one', 0), sync(''), whole!.replace('= 0', '= -1 EIO (Input/output error)')], 'none'), {
    a: '',
  })
})

t.test('cut, removed, renamed; appended; what is of no concern', async (t) => {
  const named = (call: string, ...paths: string[]): string =>
    `1 ${call}(${paths.map((path) => `"${hex(`${FOLDER}/${path}`)}"`).join(', ')}) = 0`
  const lines = [
    write('a', 'abcdef', 0),
    `1 ftruncate(${fd(`${FOLDER}/a`)}, 3) = 0`,
    `1 write(${fd(`${FOLDER}/a`)}, "${hex('XYZ')}", 3) = 2`,
    write('tasks.db-shm', 'shared', 0),
    write('other/c', 'c', 0),
    `1 write(${fd('/log')}, "${hex('log')}", 3) = 3`,
    sync('a'),
    sync(''),
  ]
  t.same(diskAfter(lines, 'none'), { a: 'abcXY' })
  const moved = [...lines, named('rename', 'a', 'z')]
  t.same(diskAfter(moved, 'none'), { a: 'abcXY' })
  t.same(diskAfter([...moved, sync('')], 'none'), { z: 'abcXY' })
  t.same(diskAfter([...lines, named('unlink', 'a'), sync('')], 'none'), {})
})

t.test('writes are torn at sectors, and never elsewhere', async (t) => {
  const lines = [write('a', 'x'.repeat(1_000), 100), sync('a'), sync(''), write('a', 'y'.repeat(1_000), 100)]
  const seen = new Set<string>()
  for (let seed = 0; seed < 40; seed += 1) {
    const text = diskAfter(lines, 'torn', seed).a!.slice(100)
    t.match(text, /^(x{412}|y{412})(x{512}|y{512})(x{76}|y{76})$/)
    seen.add(text)
  }
  t.equal(seen.size, 8, 'each sector by itself')
})

function task(id: string, changes: Partial<TaskWithStory['task']> = {}): TaskWithStory {
  return { task: { id, payload: '{}', state: 'pending', attempt: 0, ...changes } as TaskWithStory['task'], story: [] }
}

t.test('an acknowledgement before its sync is caught, one after it is not', async (t) => {
  const accepted = say({ type: 'accepted', re: 1, list: [{ id: 'a', status: 'accepted' }], unserved: [] })
  // The store of this test: a task is there when its letter is on disk.
  const caught = (lines: readonly string[]): boolean => {
    const told = new Told()
    const disk = new Disk(new Map([['a', Buffer.alloc(0)]]))
    const every = { chance, perSync: 4, afterWords: 1, between: 1 }
    return [
      ...(function* () {
        for (const { files } of losses(parseRecording(lines, FOLDER), disk, told, every)) {
          const found = new Map(files.get('a')!.toString() === 'a' ? [['a', task('a')]] : [])
          yield brokenWords(told, found, { payloads: new Map(), started: new Set() })
        }
      })(),
    ].some((against) => against.length > 0)
  }
  t.notOk(caught([write('a', 'a', 0), sync('a'), accepted]))
  t.ok(caught([write('a', 'a', 0), accepted, sync('a')]))
  t.ok(caught([accepted, write('a', 'a', 0), sync('a')]))
  t.ok(caught([write('a', 'a', 0), accepted]), 'and where nothing was ever synced')
})

t.test('what was said is held against the tasks that are there', async (t) => {
  const told = new Told()
  const words = [
    {
      type: 'accepted',
      re: 1,
      list: [
        { id: 'a', status: 'accepted' },
        { id: 'x', status: 'busy' },
      ],
      unserved: [],
    },
    { type: 'assign', seq: 1, list: [{ id: 'a', lease: 'l', attempt: 2 }] },
    {
      type: 'recorded',
      list: [
        { lease: 'l', status: 'recorded' },
        { lease: 'm', status: 'stale' },
      ],
    },
    { type: 'ended', list: [{ id: 'a', state: 'completed', result: '1' }] },
    {
      type: 'cancelled-tasks',
      re: 2,
      list: [
        { id: 'c', status: 'cancelling' },
        { id: 'd', status: 'unknown' },
      ],
    },
  ]
  const bytes = Buffer.from(words.map((word) => `${JSON.stringify(word)}\n`).join(''))
  // In two pieces, as sockets may.
  told.hear('one', bytes.subarray(0, 70))
  told.hear('one', bytes.subarray(70))
  t.equal(told.count, 5)
  const found = (changes: Partial<TaskWithStory['task']>): Map<string, TaskWithStory> =>
    new Map([
      ['a', task('a', changes)],
      ['c', task('c', { cancelRequested: true })],
    ])
  const good = { state: 'completed', attempt: 2, leaseId: 'l', result: '1' } as const
  const known = { payloads: new Map([['a', '{}']]), started: new Set(['l']) }
  t.same(brokenWords(told, found(good), known), [])
  t.match(brokenWords(told, new Map([['c', task('c', { state: 'cancelled' })]]), known), [/accepted and is gone/])
  t.match(brokenWords(told, found({ ...good, payload: '[]' }), known), [/another payload/])
  t.match(brokenWords(told, found({ ...good, attempt: 1, leaseId: 'k' }), known), [/attempt 2 was assigned/])
  t.same(brokenWords(told, found({ ...good, attempt: 1, leaseId: 'k' }), { ...known, started: new Set() }), [])
  t.match(brokenWords(told, found({ ...good, state: 'running' }), known), [/was recorded/, /told was completed/])
  t.match(brokenWords(told, found({ ...good, result: '2' }), known), [/told was completed/])
  const uncancelled = new Map([...found(good), ['c', task('c')] as const])
  t.match(brokenWords(told, uncancelled, known), [/told was that it is cancelled/])
})
