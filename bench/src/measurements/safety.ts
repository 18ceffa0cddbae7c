// What each thing that makes dtr safe costs: the same throughput with a copy of dtr in which that one thing is left out. The
// copies exist for this table alone.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Figure } from '../figures.js'
import { Dtr, type Module } from '../systems/dtr.js'

interface Variant {
  readonly name: string
  readonly edits: readonly Edit[]
}

/** Of a compiled file: `find` stands in it once. */
interface Edit {
  readonly file: string
  readonly find: string
  readonly put: string
}

const ROOT = resolve(import.meta.dirname, '../../..')
/** Of as many tasks as are measured. */
const WARM_UPS = 3
const IN_PROCESS = readFileSync(new URL('./in-process-host.js', import.meta.url), 'utf8')

const VARIANTS: readonly Variant[] = [
  { name: 'dtr as it is', edits: [] },
  {
    name: "without the host's hop: tasks run in the worker itself",
    edits: [
      {
        file: 'worker/host/hosts.js',
        find: 'return new HostProcess(options)',
        put: 'return new InProcessHost(options)',
      },
      {
        file: 'worker/host/hosts.js',
        find: "import { HostProcess } from './process.js'",
        put: "import { InProcessHost } from './in-process-host.js'",
      },
    ],
  },
  {
    name: 'without schemas: messages are believed',
    edits: [
      { file: 'protocol/checker.js', find: 'if (!validator.Check(row))', put: 'if (false)' },
      { file: 'worker/host/from-host.js', find: 'if (hostRow.Check(row))', put: 'if (true)' },
    ],
  },
  {
    name: 'without started: an attempt is not announced',
    edits: [{ file: 'worker/decide/attempts.js', find: "turn.tell({ type: 'started'", put: "void ({ type: 'started'" }],
  },
  {
    name: 'without fsync: synchronous=OFF',
    edits: [{ file: 'store/sqlite/database.js', find: "'synchronous', 'FULL', FULL", put: "'synchronous', 'OFF', 0" }],
  },
  {
    name: 'without history: a task is deleted as it completes, result and all',
    edits: [
      {
        file: 'store/sqlite/statements.js',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: so it stands there
        find: "UPDATE tasks SET state = 'completed', ended_at = ?, result_encoding = '${encoding}', result = ?, error = NULL\n      WHERE seq = ?",
        put: 'DELETE FROM tasks WHERE coalesce(?, ?) IS NOT NULL AND seq = ?',
      },
      {
        file: 'store/sqlite/statements.js',
        find: `UPDATE OR FAIL tasks SET state = 'completed', ended_at = ?, result_encoding = 'json', error = NULL,
        result = CASE seq - ? \${Array.from({ length: TOGETHER }, (_, n) => \`WHEN \${n} THEN ?\`).join(' ')} END
      WHERE seq BETWEEN`,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: so it stands there
        put: "DELETE FROM tasks WHERE coalesce(${new Array(TOGETHER + 2).fill('?').join()}) IS NOT NULL AND seq BETWEEN",
      },
    ],
  },
  {
    name: 'without counts',
    edits: [{ file: 'store/work.js', find: 'finish() {', put: 'finish() { this.rows.addToCount = () => {};' }],
  },
]

export interface SafetyOptions {
  readonly runs: number
  readonly tasks: number
  readonly tell: (line: string) => void
}

export async function safety({ runs, tasks, tell }: SafetyOptions): Promise<readonly Figure[]> {
  const values = VARIANTS.map((): number[] => [])
  const copies = VARIANTS.map(copyWith)
  try {
    for (let run = 0; run < runs; run += 1) {
      for (const [index, copy] of copies.entries()) {
        const dtr = new Dtr({}, (await import(join(copy, 'dist/src/index.js'))) as Module)
        try {
          await dtr.start()
          // As fast as it becomes: young code costs more than any of these.
          for (let time = 1; time <= WARM_UPS; time += 1) await dtr.throughput(tasks)
          const rate = (tasks / (await dtr.throughput(tasks))) * 1_000
          values[index]?.push(rate)
          tell(`${VARIANTS[index]?.name}: ${Math.round(rate)} tasks/s`)
        } finally {
          await dtr.stop()
        }
      }
    }
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true })
  }
  return VARIANTS.map(({ name }, index) => ({ name, unit: 'tasks/s', values: values[index] ?? [] }))
}

/** @throws where an edit does not fit to what is compiled now */
function copyWith({ name, edits }: Variant): string {
  const folder = mkdtempSync(join(tmpdir(), 'dtr-bench-variant-'))
  for (const part of ['dist/src', 'bin', 'package.json'])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'dist/src/worker/host/in-process-host.js'), IN_PROCESS)
  for (const { file, find, put } of edits) {
    const path = join(folder, 'dist/src', file)
    const text = readFileSync(path, 'utf8')
    if (text.split(find).length !== 2) throw new Error(`${name}: "${find}" does not stand once in ${file}`)
    writeFileSync(path, text.replace(find, put))
  }
  return folder
}
