// dtr map --exec: real files through real commands, on a cluster that is there for the time.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type RunRecord, readRunFiles, runFolder } from '../../src/net/run-file.js'
import { Cluster, freePorts, type Process, until } from './cluster.js'

class MapHere {
  readonly #started: Process[] = []

  private constructor(readonly cluster: Cluster) {}

  static async create(t: Test): Promise<MapHere> {
    const ports = await freePorts()
    const environment = { DTR_PORT: String(ports.master), DTR_WORKER_PORTS: `${ports.first}-${ports.last}` }
    const here = new MapHere(await Cluster.create(t, { ports, environment }))
    t.teardown(() => here.#end())
    return here
  }

  get folder(): string {
    return this.cluster.folder
  }

  run(args: readonly string[], input?: string): Process {
    const started = this.cluster.run(['map', ...args], input)
    this.#started.push(started)
    return started
  }

  /** The processes of the maps that run. */
  records(): RunRecord[] {
    const maps = join(this.cluster.data, 'maps')
    return existsSync(maps) ? readdirSync(maps).flatMap((name) => readRunFiles(runFolder(join(maps, name)))) : []
  }

  /** Made of so many files, with their names. */
  files(count: number): string[] {
    const names = Array.from({ length: count }, (_, index) => `file ${index}.txt`)
    for (const [index, name] of names.entries()) writeFileSync(join(this.folder, name), `${index}\n`.repeat(index % 7))
    return names
  }

  lines(file: string): string[] {
    const path = join(this.folder, file)
    return existsSync(path) ? linesOf(readFileSync(path, 'utf8')) : []
  }

  /** Of the joblog, without its header. */
  jobs(): string[][] {
    return this.lines('log.tsv')
      .slice(1)
      .map((line) => line.split('\t'))
  }

  /** The launchers first: they would start again what is killed. */
  async #end(): Promise<void> {
    const records = this.records()
    for (const started of this.#started) if (started.end === undefined) started.kill()
    await Promise.all(this.#started.map(({ ended }) => ended))
    for (const pid of records.flatMap((record) => [record.pid, ...(record.hosts ?? []).map((host) => host.pid)])) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    }
  }
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '')
const sums = (folder: string, names: readonly string[]): string =>
  execFileSync('sha256sum', ['--', ...names], { cwd: folder, encoding: 'utf8' })
const byNumber = (one: number, other: number): number => one - other

t.test('2,000 files: after a Ctrl-C --resume does exactly what was left', async (t) => {
  const here = await MapHere.create(t)
  const names = here.files(2_000)
  writeFileSync(join(here.folder, 'sum.sh'), 'echo "$1" >> runs; exec sha256sum -- "$1"')
  const args = ['--exec', 'sh sum.sh {}', '--joblog', 'log.tsv', '--workers', '2', '--slots', '2']
  const first = here.run(args, names.join('\n'))
  await until('a first part', () => {
    if (first.end !== undefined) throw new Error(`it ended: ${first.stderr}`)
    return here.jobs().length > 200
  })
  first.kill('SIGINT')
  t.equal((await first.ended).code, 130, first.stderr)
  t.same(here.records(), [], 'nothing of it is left')
  const before = here.jobs()
  t.ok(before.length < 2_000)
  t.equal(linesOf(first.stdout).length, before.length, 'what was given out is what is in the joblog')
  rmSync(join(here.folder, 'runs'))
  const second = here.run([...args, '--resume'], names.join('\n'))
  t.equal((await second.ended).code, 0, second.stderr)
  const done = new Set(before.map(([seq]) => names[Number(seq) - 1]))
  const runs = here.lines('runs')
  t.same(
    runs.filter((name) => done.has(name)),
    [],
    'what had ended did not run again',
  )
  t.equal(new Set(runs).size, runs.length, 'nor did anything run twice')
  t.same(
    here
      .jobs()
      .map(([seq]) => Number(seq))
      .sort(byNumber),
    names.map((_, index) => index + 1),
  )
  t.same(linesOf(first.stdout + second.stdout).sort(), linesOf(sums(here.folder, names)).sort())
  t.notOk(existsSync(here.cluster.data), 'nothing is kept')
})

t.test('two workers and the master are killed on the way: byte for byte what the command alone gives', async (t) => {
  const here = await MapHere.create(t)
  const names = here.files(1_500)
  const map = here.run(['--exec', 'sha256sum --', '-k', '--workers', '3', ':::', ...names])
  const living = (role: RunRecord['role']): RunRecord[] => here.records().filter((record) => record.role === role)
  await until('a first part', () => linesOf(map.stdout).length > 50)
  for (const { pid } of living('worker').slice(0, 2)) process.kill(pid, 'SIGKILL')
  await until('a second part', () => linesOf(map.stdout).length > 150)
  for (const { pid } of living('master')) process.kill(pid, 'SIGKILL')
  t.equal(map.end, undefined, 'it was not over')
  t.equal((await map.ended).code, 0, map.stderr)
  t.equal(map.stdout, sums(here.folder, names))
  t.match(map.stderr, /master \(pid \d+\) ended: .*SIGKILL/)
})

t.test('kill -9 of a map: --resume waits for what it has left, and does the rest', async (t) => {
  const here = await MapHere.create(t)
  // Its processes let what runs come to its end, for 15 s.
  const script = 'echo "$1" >> runs; [ "$1" != slow ] || until [ -e go ]; do sleep 0.1; done; echo "$1"'
  writeFileSync(join(here.folder, 'job.sh'), script)
  const inputs = ['a', 'b', 'slow', 'c', 'd']
  const args = ['--exec', 'sh job.sh {}', '--joblog', 'log.tsv', '--workers', '1', '--slots', '1']
  const first = here.run([...args, ':::', ...inputs])
  await until('the slow one', () => here.lines('runs').includes('slow'))
  const beside = here.run([...args, '--resume', ':::', ...inputs])
  t.equal((await beside.ended).code, 5)
  t.match(beside.stderr, /a map with this joblog runs, as process \d+/)
  first.kill('SIGKILL')
  await first.ended
  const second = here.run([...args, '--resume', ':::', ...inputs])
  await until('it to wait', () => second.stderr.includes('waiting for what a map that was killed has left'))
  writeFileSync(join(here.folder, 'go'), '')
  t.equal((await second.ended).code, 0, second.stderr)
  t.same(
    here
      .jobs()
      .map(([seq]) => Number(seq))
      .sort(byNumber),
    [1, 2, 3, 4, 5],
  )
  t.same(here.lines('runs').sort(), [...inputs].sort(), 'and what it had begun was not done twice')
})

t.test('failed jobs: the exit code counts them, and --resume-failed does those again', async (t) => {
  const here = await MapHere.create(t)
  const script = (end: string): void =>
    writeFileSync(join(here.folder, 'job.sh'), `echo "out $1"; echo "err $1" >&2; echo "$1" >> runs; ${end}`)
  const args = ['--exec', 'sh job.sh {}', '--joblog', 'log.tsv', '--results', 'out', '--workers', '1']
  const inputs = [':::', '0', '1', '2', '0']
  script('exit "$1"')
  const first = here.run([...args, ...inputs])
  t.equal((await first.ended).code, 2, first.stderr)
  t.equal(first.stdout, 'out 0\nout 0\n')
  t.match(first.stderr, /err 0\n(?:.|\n)*dtr: job 2: exit code 1: err 1\n/)
  t.same(
    here.jobs().map(([seq, host, , , , , code, signal, command]) => [seq, host, code, signal, command]),
    [
      ['1', 'worker-1', '0', '0', 'sh job.sh 0'],
      ['2', 'worker-1', '1', '0', 'sh job.sh 1'],
      ['3', 'worker-1', '2', '0', 'sh job.sh 2'],
      ['4', 'worker-1', '0', '0', 'sh job.sh 0'],
    ],
  )
  t.equal(readFileSync(join(here.folder, 'out/1/stdout'), 'utf8'), 'out 0\n')
  t.equal(readFileSync(join(here.folder, 'out/1/stderr'), 'utf8'), 'err 0\n')
  t.equal(readFileSync(join(here.folder, 'out/2/stderr'), 'utf8'), 'exit code 1: err 1\n')
  t.same(here.lines('out/2/output').sort(), ['err 1', 'out 1'], 'all that it printed')
  t.same(here.lines('runs'), ['0', '1', '2', '0'], 'none was tried again')
  script('exit 0')
  const second = here.run([...args, '--resume-failed', ...inputs])
  t.equal((await second.ended).code, 0, second.stderr)
  t.equal(second.stdout, 'out 1\nout 2\n')
  const other = here.run([...args, '--resume', ':::', '0', 'x'])
  t.equal((await other.ended).code, 2)
  t.match(other.stderr, /job 2 was sh job.sh 1, and would be sh job.sh x/)
})

t.test('--halt soon,fail=1: nothing more begins, and --resume does the rest', async (t) => {
  const here = await MapHere.create(t)
  const args = ['--exec', `sh -c 'echo "$1" >> runs; exit "$1"' sh {}`, '--joblog', 'log.tsv', '--workers', '1']
  const inputs = [':::', '0', '1', '0', '0', '0']
  const first = here.run([...args, '--halt', 'soon,fail=1', ...inputs])
  t.equal((await first.ended).code, 1, first.stderr)
  t.match(first.stderr, /halted: 1 failed, 1 succeeded/)
  t.same(here.lines('runs'), ['0', '1'])
  const second = here.run([...args, '--resume', ...inputs])
  t.equal((await second.ended).code, 0, second.stderr)
  t.same(here.lines('runs'), ['0', '1', '0', '0', '0'])
})

t.test('what cannot be meant is refused, and --dry-run says what would run; nothing is made', async (t) => {
  const here = await MapHere.create(t)
  const dry = here.run(['--dry-run', '--exec', 'echo {.} {#}', ':::', 'a.b', '-n'])
  t.equal((await dry.ended).code, 1, dry.stderr)
  t.equal(dry.stdout, 'echo a 1\n')
  t.match(dry.stderr, /job 2: the payload "-n" would be taken for an option/)
  for (const [args, message] of [
    [['--exec', 'cat | wc'], /\| is a pipe in a shell/],
    [['--exec', 'cat', 'checksum'], /--exec and the argument checksum/],
    [['--exec', 'cat', '--resume'], /--resume: the joblog says what is left\n.*--joblog FILE/],
    [['--exec', 'cat', '--halt', 'fail=1'], /--halt: "fail=1" does not say when/],
    [['--exec', 'cat', '--retries', '-1'], /retries: -1 is not a whole number/],
    [['--exec', 'cat', '--master', '127.0.0.1:1'], /run only what their owner named/],
    [['checksum', '--joblog', 'log.tsv'], /--joblog is of a map with --exec/],
    [['checksum', '--workers', '2'], /--workers is of a map with --exec/],
    [['checksum', 'other'], /takes no argument other; inputs stand behind :::/],
    [[], /<type> is missing, or --exec COMMAND/],
  ] as const) {
    const refused = here.run(args, '')
    t.equal((await refused.ended).code, 2, refused.stderr)
    t.match(refused.stderr, message)
  }
  t.same(readdirSync(here.folder), [], 'not even a folder')
})
