// The house holds: imports point down, never up, never in a circle, and implementations are reached through their opener.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import t from 'tap'

const SOURCE = resolve(import.meta.dirname, '../../../src')

/** Top to bottom (src/README.md). What stands on one floor knows only what is below, and its own folder. */
const FLOORS: readonly (readonly string[])[] = [
  ['cli'],
  ['index'],
  ['on-demand'],
  ['drill', 'gateway'],
  ['launch'],
  ['master', 'worker', 'client'],
  ['net'],
  ['tracing'],
  ['store', 'runner', 'protocol'],
  ['task'],
  ['config'],
  ['errors', 'clock', 'folders', 'log', 'log-file', 'log-levels'],
]

/** Implementations and the only files that may import them from outside their folder. */
const OPENERS: readonly { implementation: RegExp; opener: string }[] = [
  { implementation: /^store\/(memory\.ts|sqlite\/)/, opener: 'store/open.ts' },
  { implementation: /^tracing\/(open-telemetry|sampler)/, opener: 'tracing/open.ts' },
  { implementation: /^runner\/(function|builtins|exec|own)/, opener: 'runner/open.ts' },
]

interface Import {
  readonly from: string
  readonly to: string
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
}

function imports(): Import[] {
  return sources(SOURCE).flatMap((from) => {
    const text = readFileSync(join(SOURCE, from), 'utf8')
    const found = [...text.matchAll(/(?:from|import|import\()\s*'(\.[^']+)'/g)]
    return found.map((match) => ({
      from,
      to: relative(SOURCE, resolve(SOURCE, dirname(from), match[1]!)).replace(/\.js$/, '.ts'),
    }))
  })
}

function partOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : file.replace(/\.ts$/, '')
}

function floorOf(file: string): number {
  return FLOORS.findIndex((floor) => floor.includes(partOf(file)))
}

const all = imports()

t.test('every file stands on a floor', async (t) => {
  for (const file of sources(SOURCE)) t.not(floorOf(file), -1, file)
})

t.test('imports point down', async (t) => {
  t.ok(all.length > 50, 'the imports were found')
  for (const { from, to } of all) {
    if (partOf(from) === partOf(to)) continue
    t.ok(floorOf(from) < floorOf(to) || isPlain(from, to), `${from} imports ${to}`)
  }
})

/** The lowest floors are single files, some of which need their neighbours: `config` reads errors as `task` does. */
function isPlain(from: string, to: string): boolean {
  return floorOf(from) === floorOf(to) && !from.includes('/') && !to.includes('/')
}

t.test('no circles', async (t) => {
  const graph = new Map<string, string[]>()
  for (const { from, to } of all) graph.set(from, [...(graph.get(from) ?? []), to])
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      t.fail(`circle: ${[...path.slice(path.indexOf(file)), file].join(' > ')}`)
      return
    }
    if (done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  t.ok(done.size > 0)
})

t.test('implementations are imported by their opener and nobody else', async (t) => {
  for (const { implementation, opener } of OPENERS) {
    const outside = all.filter(({ from, to }) => implementation.test(to) && !implementation.test(from))
    t.ok(
      outside.some(({ from }) => from === opener),
      `${opener} opens ${implementation}`,
    )
    for (const { from, to } of outside) t.equal(from, opener, `${from} imports ${to}`)
  }
})

t.test('decisions are pure: no clock, chance, environment or input and output in machines', async (t) => {
  const pure = sources(SOURCE).filter(
    (file) =>
      /^(master|worker|client)\/(decide\/|machine\.ts|state\.ts|journal\.ts)/.test(file) ||
      /^task\/(task|retry|quorum|ballot)/.test(file) ||
      /^cli\/top\/(cells|health|list|rates|rows|screen|state|task-screen)/.test(file),
  )
  t.ok(pure.length > 10)
  for (const file of pure) {
    const code = readFileSync(join(SOURCE, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    t.notMatch(
      code,
      /Date\.now|Math\.random|performance\.now|setTimeout\(|setInterval\(|\bprocess\.(env|pid|argv|hrtime|kill|exit|on)\b|(^|[^#\w])await\s|from 'node:/,
      file,
    )
  }
})

t.test('the libraries of traces are loaded by whoever opens traces, and only then', async (t) => {
  const users = sources(SOURCE).filter((file) => readFileSync(join(SOURCE, file), 'utf8').includes("'@opentelemetry/"))
  t.same(users.toSorted(), ['tracing/open-telemetry.ts', 'tracing/sampler.ts'])
  const opener = readFileSync(join(SOURCE, 'tracing/open.ts'), 'utf8')
  t.match(opener, "await import('./open-telemetry.js')")
  t.notMatch(opener, /^import .*'\.\/open-telemetry\.js'/m)
})

t.test('what draws dtr top is loaded by it alone, and only then', async (t) => {
  const users = sources(SOURCE).filter((file) =>
    /from '(log-update|string-width)'/.test(readFileSync(join(SOURCE, file), 'utf8')),
  )
  t.same(users.toSorted(), ['cli/top/cells.ts', 'cli/top/terminal.ts'])
  t.same(
    [
      ...new Set(
        all.filter(({ from, to }) => to.startsWith('cli/top/') && !from.startsWith('cli/top/')).map(({ from }) => from),
      ),
    ],
    ['cli/top.ts'],
  )
  const opener = readFileSync(join(SOURCE, 'cli/top.ts'), 'utf8')
  t.match(opener, "await import('./top/session.js')")
  t.notMatch(opener, /^import .*'\.\/top\//m)
})
