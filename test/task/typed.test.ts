// What the compiler says of tasks as users write them: what must compile does, and each mistake is told at its line.
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'

const ROOT = resolve(import.meta.dirname, '../../..')

/** The lines that are wrong, each behind its file and with what is said of it. In a process of its own: a compiler needs its room. */
function compile(folder: string, texts: Readonly<Record<string, string>>): readonly string[] {
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  symlinkSync(ROOT, join(folder, 'node_modules/dtr'))
  for (const name of ['typebox', '@types'])
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text)
  const names = Object.keys(texts)
  const script = `
    import ts from ${JSON.stringify(join(ROOT, 'node_modules/typescript/lib/typescript.js'))}
    const options = { strict: true, noEmit: true, skipLibCheck: true, module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023 }
    const program = ts.createProgram(${JSON.stringify(names)}, options)
    for (const { file, start, messageText } of ts.getPreEmitDiagnostics(program)) {
      const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line
      const text = file === undefined ? '' : file.text.split('\\n')[line].trim()
      console.log((file?.fileName ?? '') + ': ' + text + ' -> ' + ts.flattenDiagnosticMessageText(messageText, ' '))
    }`
  const options = { cwd: folder, encoding: 'utf8' } as const
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], options)
  if (ran.status !== 0) throw new Error(ran.stderr)
  // What a message says further stands indented below it.
  return ran.stdout.split('\n').filter((line) => /^\S/.test(line))
}

const GOOD = `
import { defineTasks } from 'dtr'
import Type from 'typebox'

interface Letter { to: string }
const wide = { type: 'object', properties: { a: { type: 'string' } } }
const narrow = { type: 'object', required: ['a'], properties: { a: { type: 'string' } } } as const
const opaque: object = wide
const standard = {
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } as {
    types?: { input: unknown; output: { a: number } }
    validate(value: unknown): { value: unknown }
  },
}

const tasks = defineTasks({
  async greet(payload: { name: string }, ctx) {
    ctx.log.warn('hello', { attempt: ctx.attempt })
    return { text: payload.name }
  },
  echo: (payload) => payload,
  nothing() {},
  resize: {
    schema: {
      type: 'object',
      required: ['path'],
      additionalProperties: false,
      properties: {
        path: { type: 'string', minLength: 1, 'x-mine': 1 },
        sizes: { type: 'array', items: { type: 'integer' } },
        mode: { enum: ['fit', 'fill'] },
      },
    },
    timeout: '30s',
    retries: 3,
    run({ path, sizes, mode }, ctx) {
      const text: string = path
      const wanted: number[] | undefined = sizes
      const known: 'fit' | 'fill' | undefined = mode
      return [text, wanted, known, ctx.leaseId]
    },
  },
  letter: {
    schema: { type: 'object', required: ['to'], properties: { to: { type: 'string' } } },
    run: async ({ to }: Letter, { attempt }) => to.repeat(attempt),
  },
  either: { schema: { anyOf: [{ type: 'string' }, { type: 'null' }] }, run: (payload) => payload?.length },
  typebox: { schema: Type.Object({ a: Type.Union([Type.String(), Type.Boolean()]) }), run: ({ a }) => a === true },
  standard: { schema: standard, run: ({ a }) => a.toFixed() },
  wide: { schema: wide, run: (payload) => payload },
  narrow: { schema: narrow, run: ({ a }) => a.length },
  opaque: { schema: opaque, run: ({ a }: { a: number }) => a },
  voted: { run: async (payload) => ({ text: 'a', payload }), ballot: ({ text }: { text: string }) => text.trim() },
  untyped: { schema: narrow, run: ({ a }) => ({ a, at: 1 }), ballot: async ({ a }) => a },
})
export default tasks
// They can be called as they were written.
export const called: Promise<{ text: string }> = tasks.greet({ name: '' }, undefined as never)
`

const PRODUCER = `
import { connect, type TaskPayload, type TaskResult } from 'dtr'
import type tasks from './tasks.js'

type Tasks = typeof tasks
const client = await connect()
const payload: TaskPayload<Tasks['resize']> = { path: 'a.png', mode: 'fit' }
const named: TaskPayload<Tasks['greet']> = { name: 'Ada' }
await client.submit('resize', payload)
const handle = await client.submit<TaskResult<Tasks['greet']>>('greet', named)
const { text } = await handle.result()
const length: TaskResult<Tasks['narrow']> = text.length
console.log(length)
`

// What is no word is told by itself: the compiler says first what stands in the way of knowing the types at all.
const WORDS = `
import { defineTasks } from 'dtr'

export default defineTasks({
  one: {
    retires: 3, // wrong
    run: (payload, ctx) => [payload, ctx.attempt],
  },
  two: {
    schema: {
      type: 'object',
      propeties: { a: { type: 'number' } }, // wrong
    },
    run: (payload) => payload,
  },
  three: {
    schema: {
      type: 'object',
      required: ['a', 'list'],
      properties: {
        a: { type: 'number', minmum: 3 }, // wrong
        b: { type: 'strng' }, // wrong
        list: { type: 'array', items: { minlength: 3 } }, // wrong
      },
    },
    run({ a }) {
      return a.length // wrong
    },
  },
})
`

const VALUES = `
import { defineTasks } from 'dtr'

export default defineTasks({
  one: {
    timeout: 30, // wrong
    run: () => 1,
  },
  two: 5, // wrong
  three(payload) {
    return payload.name // wrong
  },
  four: {
    schema: { type: 'object', required: ['to'], properties: { to: { type: 'string' } } },
    run: ({ to }: { to: number }) => to, // wrong
  },
  five: (payload: string, ctx) => [payload, ctx.attempts], // wrong
})
`

const BALLOTS = `
import { defineTasks } from 'dtr'

export default defineTasks({
  one: {
    run: async () => ({ text: 'a' }),
    ballot: ({ text }: { text: number }) => text, // wrong
  },
  two: {
    run: (payload: { a: number }) => payload,
    ballot: ({ a }: { a: number }) => a,
  },
})
`

const USES = `
import type { TaskPayload, TaskResult } from 'dtr'
import type tasks from './tasks.js'

export const payload: TaskPayload<typeof tasks.greet> = { nme: 'x' } // wrong
export const result: TaskResult<typeof tasks.greet> = 3 // wrong
`

const texts = {
  'tasks.ts': GOOD,
  'producer.ts': PRODUCER,
  'words.ts': WORDS,
  'values.ts': VALUES,
  'ballots.ts': BALLOTS,
  'uses.ts': USES,
}
const told = compile(t.testdir(), texts)
const of = (file: string): readonly string[] => told.filter((one) => one.startsWith(`${file}: `))

t.test('what is right compiles, and each mistake is told at its line', async (t) => {
  for (const [file, text] of [
    ['words.ts', WORDS],
    ['values.ts', VALUES],
    ['ballots.ts', BALLOTS],
  ] as const) {
    const wrong = text.split('\n').filter((line) => line.includes('// wrong'))
    const lines = of(file).map((one) => one.slice(file.length + 2).split(' -> ')[0])
    t.same([...lines].sort(), wrong.map((line) => line.trim()).sort(), of(file).join('\n'))
  }
  t.match(told.join('\n'), /retires: 3, .* NoFieldOfATask/)
  t.match(told.join('\n'), /propeties: .* NoKeywordOfJsonSchema/)
})
